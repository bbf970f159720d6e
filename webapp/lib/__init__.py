"""Small modules that import no app of this project, one topic per file."""

"""What touches everything kept on a person: export, erasing, merging, retention."""

"""Small parts that know no app of ours, one topic a file."""

"""Evidence bundles: one signed file from which an outsider can check what was said of a version."""

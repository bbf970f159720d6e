"""A codebook version: loading it, tokens, predictions, and the layout part."""

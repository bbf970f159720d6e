"""A codebook version: loading, tokens, predictions, and the layout part."""

"""What books are chosen from, and how much of the engine's gain they keep."""

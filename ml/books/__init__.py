"""What a version keeps for the books of its pages: orders to choose from, and students."""

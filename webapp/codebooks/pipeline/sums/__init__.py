"""Sums over people as stored files: of each part, and of all parts added up. Start in `jobs`."""

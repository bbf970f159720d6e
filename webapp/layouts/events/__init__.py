"""Handles `POST /api/events`: parses a batch, then accepts it."""

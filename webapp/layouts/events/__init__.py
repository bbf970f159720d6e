"""How `POST /api/events` takes a batch: parse, then accept."""

"""Answers `GET /api/layout`.

In: a subject, a surface, and the stored state of both. Out: the payload, with its ETag and status.
Start reading in `read`.
"""

"""How `GET /api/layout` is answered.

In: a subject, a surface, and the state kept of both. Out: the payload, with its ETag and status.
Start reading in `read`.
"""

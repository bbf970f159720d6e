"""Django's PostgreSQL backend, without a question to the server in front of every request."""

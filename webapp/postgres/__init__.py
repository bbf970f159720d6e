"""Django's PostgreSQL backend, without a question to the server in front of every request,
and with statements that it plans once."""

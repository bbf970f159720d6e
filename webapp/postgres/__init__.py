"""Django's PostgreSQL backend with prepared statements and no health query per request."""

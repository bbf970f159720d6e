"""HTTP: views, request parsing, and the OpenAPI schema."""

"""HTTP: views, how they read and answer, and the OpenAPI schema."""

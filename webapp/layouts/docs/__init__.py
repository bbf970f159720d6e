"""Pages for developers: snippets, errors, Swagger UI."""

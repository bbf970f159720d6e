"""Renders every error as problem details: the catalogue, the body, the middleware."""

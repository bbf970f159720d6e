"""What this process serves: pages and versions in memory, renewed off the request path."""

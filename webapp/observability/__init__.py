"""For operators: metrics, health checks and the catalogue of metrics and log events."""

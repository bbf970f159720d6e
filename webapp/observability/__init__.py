"""What operators see: metrics, logs with request ids, liveness and readiness."""

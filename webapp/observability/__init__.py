"""What operators see: metrics, logs with request ids, traces, liveness and readiness."""

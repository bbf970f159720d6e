"""Logs, metrics, traces and request ids; knows no app of ours."""

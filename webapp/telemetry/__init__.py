"""Logs, metrics, traces and request ids; imports no app of this project."""

"""The web layer: Django site, API, workers and pages around the engine. See webapp/README.md."""

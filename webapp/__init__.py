"""The web layer: Django site, API, workers and pages around the engine. See webapp/README.md."""

from webapp.celery import app as celery_app

__all__ = ["celery_app"]

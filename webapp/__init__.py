"""The web: Django, its API, its workers and its pages around the engine. See the README beside."""

from webapp.celery import app as celery_app

__all__ = ["celery_app"]

"""Addresses for monitoring."""

from django.urls import path

from webapp.observability import views

app_name = "uiengine_observability"
urlpatterns = [
    path("metrics", views.metrics_text, name="metrics"),
    path("health/live", views.live, name="live"),
    path("health/ready", views.ready, name="ready"),
]

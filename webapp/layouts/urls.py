"""The API's addresses."""

from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView

from webapp.layouts.api import me, schema, views
from webapp.layouts.docs import pages

app_name = "layouts"
urlpatterns = [
    path("layout", views.LayoutView.as_view(), name="layout"),
    path("events", views.EventsView.as_view(), name="events"),
    path("feedback", views.FeedbackView.as_view(), name="feedback"),
    path("me", me.MeView.as_view(), name="me"),
    path("health", me.HealthView.as_view(), name="health"),
    path(
        "schema",
        SpectacularJSONAPIView.as_view(
            authentication_classes=[], permission_classes=[], custom_settings=schema.SETTINGS
        ),
        name="schema",
    ),
    path("docs", pages.api, name="docs"),
    path("snippets", pages.snippets, name="snippets"),
    path("errors", pages.errors, name="errors"),
]

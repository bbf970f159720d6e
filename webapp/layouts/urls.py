"""The API's addresses."""

from django.urls import path

from webapp.layouts.api import me, views
from webapp.layouts.docs import pages

app_name = "uiengine_layouts"
urlpatterns = [
    path("layout", views.LayoutView.as_view(), name="layout"),
    path("events", views.EventsView.as_view(), name="events"),
    path("feedback", views.FeedbackView.as_view(), name="feedback"),
    path("csrf", me.CsrfView.as_view(), name="csrf"),
    path("me", me.MeView.as_view(), name="me"),
    path("health", me.HealthView.as_view(), name="health"),
    path("schema", pages.schema, name="schema"),
    path("docs", pages.api, name="docs"),
    path("snippets", pages.snippets, name="snippets"),
    path("errors", pages.errors, name="errors"),
    path("surface-format", pages.surface_format, name="surface-format"),
    path("surface-schema", pages.surface_schema, name="surface-schema"),
]

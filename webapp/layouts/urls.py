"""The API's addresses."""

from django.urls import path

from webapp.layouts.api import books, counts, goals, known, me, views
from webapp.layouts.docs import pages
from webapp.layouts.people import pages as people
from webapp.layouts.people import you

app_name = "uiengine_layouts"
urlpatterns = [
    path("layout", views.LayoutView.as_view(), name="layout"),
    path("book/<slug:surface>", books.TodayView.as_view(), name="book-today"),
    path("book/<slug:surface>/<str:name>", books.BookView.as_view(), name="book"),
    path("token", books.TokenView.as_view(), name="token"),
    path("counts", counts.CountsView.as_view(), name="counts"),
    path("events", views.EventsView.as_view(), name="events"),
    path("goals", goals.GoalsView.as_view(), name="goals"),
    path("feedback", views.FeedbackView.as_view(), name="feedback"),
    path("csrf", me.CsrfView.as_view(), name="csrf"),
    path("me", me.MeView.as_view(), name="me"),
    path("me/<slug:surface>", known.KnownView.as_view(), name="known"),
    path("health", me.HealthView.as_view(), name="health"),
    path("schema", pages.schema, name="schema"),
    path("docs", pages.api, name="docs"),
    path("snippets", pages.snippets, name="snippets"),
    path("errors", pages.errors, name="errors"),
    path("about/<slug:surface>", people.about, name="about"),
    path("about/<slug:surface>/you", you.YouView.as_view(), name="you"),
    path("accessibility/<slug:surface>", people.accessibility, name="accessibility"),
    path("surface-format", pages.surface_format, name="surface-format"),
    path("surface-schema", pages.surface_schema, name="surface-schema"),
]

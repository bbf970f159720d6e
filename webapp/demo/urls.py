"""The demo's addresses; mounted only where DEMO is on."""

from django.urls import path

from . import views

app_name = "demo"
urlpatterns = [
    path("", views.home, name="home"),
    path("demo/panel", views.panel, name="panel"),
    path("demo/person", views.person, name="person"),
    path("demo/next-visit", views.next_visit, name="next-visit"),
]

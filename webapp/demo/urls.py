"""Addresses of the demo; mounted only where DEMO is on."""

from django.urls import path
from django.views.i18n import set_language

from webapp.demo import views

app_name = "uiengine_demo"
urlpatterns = [
    path("", views.home, name="home"),
    path("demo/moment", views.moment, name="moment"),
    path("demo/person", views.person, name="person"),
    path("demo/next-visit", views.next_visit, name="next-visit"),
    path("examples/", views.examples, name="examples"),
    path("examples/<slug:name>.js", views.script, name="script"),
    path("examples/<slug:name>", views.example, name="example"),
    path("demo/language", set_language, name="language"),
]

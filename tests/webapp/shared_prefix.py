"""Addresses of a host project that has its own views below the API's prefix."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def gone(_: HttpRequest) -> HttpResponse:
    return HttpResponse("our own words", status=410)


urlpatterns = [path("api/", include("webapp.layouts.urls")), path("api/own", gone)]

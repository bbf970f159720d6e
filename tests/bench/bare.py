"""The floor of serving: a DRF view that returns bytes it was given, behind the same middleware."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import include, path
from rest_framework.views import APIView


class Bare(APIView):
    authentication_classes = ()
    body = b""

    def get(self, request):
        return HttpResponse(Bare.body, content_type="application/json")


urlpatterns = [path("bare", Bare.as_view()), path("", include("webapp.urls"))]

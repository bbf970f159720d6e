"""The floor of serving: a DRF view that returns given bytes behind the project's middleware.

BARE_BODY names a file with the bytes, for a server that runs the view in another process.
"""

from __future__ import annotations

import os
from pathlib import Path

from django.http import HttpResponse
from django.urls import path
from rest_framework.views import APIView

from webapp import urls

ETAG = '"bare"'


class Bare(APIView):
    authentication_classes = ()
    body = b""

    def get(self, request):
        if request.META.get("HTTP_IF_NONE_MATCH") == ETAG:
            return HttpResponse(status=304, headers={"ETag": ETAG})
        if not Bare.body:
            Bare.body = Path(os.environ["BARE_BODY"]).read_bytes()
        return HttpResponse(Bare.body, content_type="application/json", headers={"ETag": ETAG})


urlpatterns = [path("bare", Bare.as_view()), *urls.urlpatterns]

"""Addresses."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from webapp.studio.login import login

urlpatterns = [
    path("api/", include("webapp.layouts.urls")),
    path("", include("webapp.observability.urls")),
    path("admin/studio/", include("webapp.studio.urls")),
    path("admin/login/", login),  # before the admin's own
    path("admin/", admin.site.urls),
]
handler400 = "webapp.errors.bad_request"
handler403 = "webapp.errors.permission_denied"
handler404 = "webapp.errors.not_found"
handler500 = "webapp.errors.failed"
if settings.DEMO:
    urlpatterns.append(path("", include("webapp.demo.urls")))

"""Addresses of the project."""

from django.conf import settings
from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from webapp.studio.login import login

ICON = RedirectView.as_view(url=lazy(static, str)("uiengine/favicon.svg"))
urlpatterns = [
    path("api/", include("webapp.layouts.urls")),
    path("", include("webapp.observability.urls")),
    path("admin/studio/", include("webapp.studio.urls")),
    path("admin/login/", login),  # overrides the admin's own view
    path("favicon.ico", ICON),  # for pages without an icon link
    path("admin/", admin.site.urls),
]
handler400 = "webapp.errors.bad_request"
handler403 = "webapp.errors.permission_denied"
handler404 = "webapp.errors.not_found"
handler500 = "webapp.errors.failed"
if settings.DEMO:
    urlpatterns.append(path("", include("webapp.demo.urls")))
else:  # the host serves the pages; visitors of / are administrators
    urlpatterns.append(path("", RedirectView.as_view(pattern_name="admin:index")))

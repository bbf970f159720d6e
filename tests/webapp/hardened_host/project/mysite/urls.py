"""Our addresses under the host's own prefixes."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import TemplateView

urlpatterns = [
    path("", TemplateView.as_view(template_name="home.html")),
    path("tools/arrange/", include("webapp.layouts.urls")),
    path("backstage/studio/", include("webapp.studio.urls")),
    path("backstage/", admin.site.urls),
]

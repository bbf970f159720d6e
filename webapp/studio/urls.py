"""Pages of the studio, below the admin's address."""

from django.apps import apps
from django.urls import path

from webapp.studio import views

app_name = "uiengine_studio"
urlpatterns = [
    path("health/", views.health_page, name="health"),
    path("gallery/<int:pk>/", views.gallery_page, name="gallery"),
    path("compare/", views.compare_page, name="compare"),
    path("preview/<int:pk>/", views.preview_page, name="preview"),
    path("suggest/<int:pk>/", views.suggest_page, name="suggest"),
    path("explain/<int:pk>/", views.explain_page, name="explain"),
    path("export/<int:pk>/", views.export_file, name="export"),
]
if apps.is_installed("webapp.evidence"):
    from webapp.studio.evidence import evidence_file

    urlpatterns.append(path("evidence/<int:pk>/<int:surface>/", evidence_file, name="evidence"))

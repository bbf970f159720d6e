"""All three groups may look at goals; who owns a surface declares them."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

from webapp.lib import labels

LOOK = ("view_goal",)
DECLARE = ("view_goal", "add_goal", "change_goal", "delete_goal")
ROLES = {"surface owner": DECLARE, "codebook manager": LOOK, "auditor": LOOK}


def _rows(apps):
    group, permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    for name, wanted in ROLES.items():
        ours = permission.objects.filter(content_type__app_label="uiengine_surfaces")
        for row in group.objects.filter(name=name):
            yield row, list(ours.filter(codename__in=wanted))


def make(apps, editor):
    if not labels.are_groups_in(editor.connection):
        return
    label = installed.get_app_config("uiengine_surfaces")
    create_permissions(label, verbosity=0, using=editor.connection.alias)
    for group, wanted in _rows(apps):
        group.permissions.add(*wanted)


def remove(apps, editor):
    if not labels.are_groups_in(editor.connection):
        return
    for group, wanted in _rows(apps):
        group.permissions.remove(*wanted)


class Migration(labels.Migration):
    dependencies = [
        ("uiengine_trials", "0006_goals"),
        ("uiengine_surfaces", "0010_goals"),
        ("uiengine_codebooks", "0007_roles"),
    ]
    operations = [migrations.RunPython(make, remove)]

"""All three groups may look at rehearsals; the weeks of single people need more than that."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

from webapp.lib import labels

GROUPS = ("surface owner", "codebook manager", "auditor")
WANTED = ("view_rehearsal",)


def _rows(apps):
    permissions = apps.get_model("auth", "Permission").objects
    wanted = permissions.filter(content_type__app_label="uiengine_trials", codename__in=WANTED)
    return apps.get_model("auth", "Group").objects.filter(name__in=GROUPS), list(wanted)


def make(apps, editor):
    if not labels.are_groups_in(editor.connection):
        return
    label = installed.get_app_config("uiengine_trials")
    create_permissions(label, verbosity=0, using=editor.connection.alias)
    groups, wanted = _rows(apps)
    for group in groups:
        group.permissions.add(*wanted)


def remove(apps, editor):
    if not labels.are_groups_in(editor.connection):
        return
    groups, wanted = _rows(apps)
    for group in groups:
        group.permissions.remove(*wanted)


class Migration(labels.Migration):
    dependencies = [("uiengine_trials", "0004_rehearsals"), ("uiengine_codebooks", "0007_roles")]
    operations = [migrations.RunPython(make, remove)]

"""Retraining and refreshing are the codebook manager's; auditors and owners ask for audits."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

from webapp.lib import labels

GROUP, WANTED = "codebook manager", "add_pipeline"


def make(apps, editor):
    if not labels.are_groups_in(editor.connection):
        return
    label = installed.get_app_config("uiengine_codebooks")
    create_permissions(label, verbosity=0, using=editor.connection.alias)
    permission = apps.get_model("auth", "Permission").objects.get(
        content_type__app_label="uiengine_codebooks", codename=WANTED
    )
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=GROUP)
    group.permissions.add(permission)


def remove(apps, editor):
    if not labels.are_groups_in(editor.connection):
        return
    group = apps.get_model("auth", "Group").objects.filter(name=GROUP).first()
    permissions = apps.get_model("auth", "Permission").objects
    wanted = permissions.filter(content_type__app_label="uiengine_codebooks", codename=WANTED)
    if group is not None:
        group.permissions.remove(*wanted)


class Migration(labels.Migration):
    dependencies = [("uiengine_codebooks", "0011_held")]
    operations = [migrations.RunPython(make, remove)]

"""Auditors see who read people's attributes, and say how long each attribute is kept."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

from webapp.lib import labels

GROUP = "auditor"
WANTED = (
    "view_attributeread",
    "view_attributeend",
    "view_attributeretention",
    "add_attributeretention",
    "change_attributeretention",
    "delete_attributeretention",
)


def _rows(apps):
    permissions = apps.get_model("auth", "Permission").objects
    wanted = permissions.filter(content_type__app_label="uiengine_subjects", codename__in=WANTED)
    return apps.get_model("auth", "Group").objects.filter(name=GROUP), list(wanted)


def make(apps, editor):
    if not labels.are_groups_in(editor.connection):
        return
    label = installed.get_app_config("uiengine_subjects")
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
    dependencies = [
        ("uiengine_audits", "0003_exceeds_help"),
        ("uiengine_subjects", "0011_attribute_reads"),
        ("uiengine_codebooks", "0007_roles"),
    ]
    operations = [migrations.RunPython(make, remove)]

"""Undone, it gives our apps their former labels back, for a release that knows no others."""

from django.db import migrations
from django.db.migrations.recorder import MigrationRecorder

from webapp.lib import labels


def give_back(apps, editor):
    MigrationRecorder(editor.connection).record_unapplied("uiengine_surfaces", "0006_labels")
    labels.give_back(editor.connection)


class Migration(migrations.Migration):
    dependencies = [("uiengine_surfaces", "0005_newcomers")]
    operations = [migrations.RunPython(migrations.RunPython.noop, give_back)]

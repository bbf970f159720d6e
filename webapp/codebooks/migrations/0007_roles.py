"""Groups for those who look after versions."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

from webapp.lib import labels

LOOK = (
    *("uiengine_surfaces.view_surface", "uiengine_codebooks.view_codebookversion", "uiengine_codebooks.view_gatereport"),
    *("uiengine_codebooks.view_aliasmove", "uiengine_codebooks.view_pipeline", "uiengine_codebooks.view_run"),
    *("uiengine_codebooks.view_rollout", "uiengine_codebooks.view_guardwindow", "uiengine_codebooks.view_agreement"),
    "uiengine_audits.view_auditreport",
)
ASK = "uiengine_codebooks.add_run"
ROLES = {
    "surface owner": (
        *LOOK,
        *("uiengine_surfaces.add_surface", "uiengine_surfaces.change_surface", ASK),
        *("uiengine_codebooks.add_rollout", "uiengine_codebooks.change_rollout"),
    ),
    "codebook manager": (*LOOK, ASK, "uiengine_codebooks.change_alias"),
    # Aggregates alone: nothing of `subjects`, whose rows are people.
    "auditor": (*LOOK, ASK, "uiengine_audits.change_auditreport"),
}


def make(apps, editor):
    if not labels.are_groups_in(editor.connection):
        return
    for label in ("uiengine_surfaces", "uiengine_codebooks", "uiengine_audits"):
        create_permissions(installed.get_app_config(label), verbosity=0, using=editor.connection.alias)
    group = apps.get_model("auth", "Group")
    permission = apps.get_model("auth", "Permission")
    for name, wanted in ROLES.items():
        row, _ = group.objects.get_or_create(name=name)
        for path in wanted:
            label, codename = path.split(".")
            row.permissions.add(
                permission.objects.get(content_type__app_label=label, codename=codename)
            )


def remove(apps, editor):
    if not labels.are_groups_in(editor.connection):
        return
    apps.get_model("auth", "Group").objects.filter(name__in=ROLES).delete()


class Migration(labels.Migration):
    dependencies = [
        ("uiengine_codebooks", "0006_chain_unique"),
        ("uiengine_audits", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(make, remove)]

"""Groups for those who look after versions."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

LOOK = (
    *("surfaces.view_surface", "codebooks.view_codebookversion", "codebooks.view_gatereport"),
    *("codebooks.view_aliasmove", "codebooks.view_pipeline", "codebooks.view_run"),
    *("codebooks.view_rollout", "codebooks.view_guardwindow", "codebooks.view_agreement"),
    "audits.view_auditreport",
)
ASK = "codebooks.add_run"
ROLES = {
    "surface owner": (
        *LOOK,
        *("surfaces.add_surface", "surfaces.change_surface", ASK),
        *("codebooks.add_rollout", "codebooks.change_rollout"),
    ),
    "codebook manager": (*LOOK, ASK, "codebooks.change_alias"),
    # Aggregates alone: nothing of `subjects`, whose rows are people.
    "auditor": (*LOOK, ASK, "audits.change_auditreport"),
}


def make(apps, editor):
    for label in ("surfaces", "codebooks", "audits"):
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
    apps.get_model("auth", "Group").objects.filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("codebooks", "0006_chain_unique"),
        ("audits", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(make, remove)]

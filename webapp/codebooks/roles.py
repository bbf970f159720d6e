"""The three groups, where users and groups are in another database than our tables.

Our migrations make them in one database with our tables. Where the host's routers keep the two
apart, no migration may reach into the other, so a signal after migrations of that one makes the
groups that are missing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.db import connections, router
from django.db.migrations.recorder import MigrationRecorder

from webapp.lib import database

LABELS = (
    "uiengine_surfaces",
    "uiengine_codebooks",
    "uiengine_audits",
    "uiengine_trials",
    "uiengine_subjects",
)
BEFORE = (
    ("auth", "0012_alter_user_first_name_max_length"),
    ("contenttypes", "0002_remove_content_type_name"),
)
"""Migrations that the groups need."""


def roles_follow(*, using: str, **_: Any) -> None:
    """Makes the groups that are missing in the users' database, if ours is another."""
    group = apps.get_model("auth", "Group")
    if using == database.alias() or using != router.db_for_write(group):
        return
    applied = MigrationRecorder(connections[using]).applied_migrations()
    if not all(step in applied for step in BEFORE):
        return  # a later `migrate` goes on
    missing = groups_wanted()
    for name in group._default_manager.using(using).values_list("name", flat=True):
        missing.pop(name, None)
    if not missing:
        return
    for label in LABELS:
        create_permissions(apps.get_app_config(label), verbosity=0, using=using)
    permissions = apps.get_model("auth", "Permission")._default_manager.using(using)
    for name, paths in missing.items():
        row = group._default_manager.using(using).create(name=name)
        for label, codename in paths:
            row.permissions.add(permissions.get(content_type__app_label=label, codename=codename))


def groups_wanted() -> dict[str, list[tuple[str, str]]]:
    """Label and code name of each permission, by group, as the migrations have them."""
    first = import_module("webapp.codebooks.migrations.0007_roles")
    second = import_module("webapp.codebooks.migrations.0012_who_retrains")
    names = ("0003_roles", "0005_rehearsal_roles")
    trials = [import_module(f"webapp.trials.migrations.{name}") for name in names]
    wanted = {name: [tuple(p.split(".")) for p in paths] for name, paths in first.ROLES.items()}
    wanted[second.GROUP].append((LABELS[1], second.WANTED))
    for step in trials:
        for name in step.GROUPS:
            wanted[name] += [(LABELS[3], codename) for codename in step.WANTED]
    last = import_module("webapp.audits.migrations.0004_attribute_roles")
    wanted[last.GROUP] += [(LABELS[4], codename) for codename in last.WANTED]
    goals = import_module("webapp.trials.migrations.0007_goal_roles")
    for name, codenames in goals.ROLES.items():
        wanted[name] += [(LABELS[0], codename) for codename in codenames]
    return wanted

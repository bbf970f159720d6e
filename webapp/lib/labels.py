"""Carries on a database in which our apps had labels of one word, such as `subjects`.

Their tables kept their names. `migrate` therefore only renames what the database says of the apps:
which migrations were applied, and the content types, which hold permissions and the admin's log.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any

from django.apps import apps
from django.db import migrations, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState

PREFIX = "uiengine_"
WITH_TABLES = ("surfaces", "subjects", "codebooks", "audits", "trials", "studio")
"""Former labels of our apps that have tables."""
CONTENT_TYPES = "django_content_type"


class Migration(migrations.Migration):
    """A migration that may have been applied under the app's former label.

    adopted: whether that is so in the database it was applied to last; nothing was done then.
    """

    adopted = False

    def apply(
        self,
        project_state: ProjectState,
        schema_editor: BaseDatabaseSchemaEditor,
        collect_sql: bool = False,
    ) -> ProjectState:
        if collect_sql:  # `sqlmigrate` shows what a new database gets
            return super().apply(project_state, schema_editor, collect_sql)
        recorder = MigrationRecorder(schema_editor.connection)
        if self.initial and self._was_ours(recorder, project_state):
            _rename(recorder, self.app_label.removeprefix(PREFIX), self.app_label, _names(self))
        self.adopted = (self.app_label, self.name) in recorder.applied_migrations()
        if not self.adopted:
            return super().apply(project_state, schema_editor)
        recorder.record_unapplied(self.app_label, self.name)  # Django records it after this
        return self.mutate_state(project_state, preserve=False)

    def _was_ours(self, recorder: MigrationRecorder, before: ProjectState) -> bool:
        """Returns whether it was applied under the former label, and made our tables then.

        An app of the host's may have the former label, and a migration of this name.
        """
        former = (self.app_label.removeprefix(PREFIX), self.name)
        if former not in recorder.applied_migrations():
            return False
        after = self.mutate_state(before)
        models = after.apps.get_app_config(self.app_label).get_models()
        return all(_is_there(recorder.connection, model) for model in models)


def are_groups_in(connection: BaseDatabaseWrapper) -> bool:
    """Returns whether the host's groups are in this database, so that a migration may make ours.

    Elsewhere a signal makes them (see `webapp.codebooks.roles`).
    """
    return bool(router.db_for_write(apps.get_model("auth", "Group")) == connection.alias)


def give_back(connection: BaseDatabaseWrapper) -> None:
    """Renames to the former labels, for a release that knows no others."""
    recorder = MigrationRecorder(connection)
    for former in WITH_TABLES:
        names = {name for app, name in recorder.applied_migrations() if app == PREFIX + former}
        _rename(recorder, PREFIX + former, former, names)


def _names(migration: migrations.Migration) -> set[str]:
    package = import_module(migration.__module__.rpartition(".")[0])
    return {module.name for module in pkgutil.iter_modules(package.__path__)}


def _is_there(connection: BaseDatabaseWrapper, model: Any) -> bool:
    """Returns whether the database has the model's table with all its columns."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            return False
        found = connection.introspection.get_table_description(cursor, table)
    return {field.column for field in model._meta.local_concrete_fields} <= {c.name for c in found}


def _rename(recorder: MigrationRecorder, before: str, after: str, names: set[str]) -> None:
    recorder.migration_qs.filter(app=before, name__in=names).update(app=after)
    connection = recorder.connection
    if CONTENT_TYPES not in connection.introspection.table_names():
        return
    types = apps.get_model("contenttypes", "ContentType")._base_manager.using(connection.alias)
    ours = PREFIX + after.removeprefix(PREFIX)
    models = [model._meta.model_name for model in apps.get_app_config(ours).get_models()]
    kept = types.filter(app_label=before, model__in=models)
    # Those are new, made by Django since a release with the former labels came back.
    types.filter(app_label=after, model__in=kept.values_list("model", flat=True)).delete()
    kept.update(app_label=after)

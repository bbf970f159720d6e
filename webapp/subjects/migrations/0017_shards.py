"""The shard of each subject. Nothing is locked for long: rows are filled in batch by batch, and
PostgreSQL builds the index beside the writers; an interrupted migration is just repeated.
"""

from django.db import migrations, models, router

from webapp.lib import labels
from webapp.subjects.shards import shards_fill

INDEX = "subject_shard"


def fill(apps, editor):
    model = apps.get_model("uiengine_subjects", "Subject")
    if not router.allow_migrate_model(editor.connection.alias, model):
        return
    shards_fill(model._base_manager.using(editor.connection.alias).order_by())


class AddIndexBesideWriters(migrations.AddIndex):
    atomic = False

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        if schema_editor.connection.vendor != "postgresql":
            schema_editor.add_index(model, self.index)
            return
        # An interrupted build leaves an index that is not valid.
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}", params=None)
        schema_editor.add_index(model, self.index, concurrently=True)


class AddMissingField(migrations.AddField):
    """Not atomic with what follows, so it may be there from an interrupted migration."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self._is_there(schema_editor, model):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def _is_there(self, schema_editor, model):
        connection = schema_editor.connection
        is_ours = self.allow_migrate_model(connection.alias, model)
        if schema_editor.collect_sql or not is_ours:  # `sqlmigrate`, or the users' database
            return False
        with connection.cursor() as cursor:
            columns = connection.introspection.get_table_description(cursor, model._meta.db_table)
        return self.name in {column.name for column in columns}


class Migration(labels.Migration):
    atomic = False
    dependencies = [("uiengine_subjects", "0016_sizes")]
    operations = [
        AddMissingField(
            model_name="subject",
            name="shard",
            field=models.SmallIntegerField(
                editable=False,
                null=True,
                help_text="Work on many people is divided by it.",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        AddIndexBesideWriters(
            model_name="subject",
            index=models.Index(fields=["shard"], name=INDEX),
        ),
    ]

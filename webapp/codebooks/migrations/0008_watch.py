"""The rows that watch over live versions. Rows, so that an admin can re-time them."""

from django.db import migrations

from webapp.lib import labels


class Migration(labels.Migration):
    dependencies = [
        ("uiengine_codebooks", "0007_roles"),
    ]
    # webapp/lib/schedule_rows.py adds the rows of the schedule when this one is applied.
    operations = [
        migrations.RemoveField(model_name="agreement", name="seconds"),
    ]

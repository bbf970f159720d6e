"""When workers look at trials. A row, so that an admin can re-time it."""

from django.db import migrations

from webapp.lib import labels


class Migration(labels.Migration):
    dependencies = [
        ("uiengine_trials", "0001_trials"),
    ]
    # webapp/lib/schedule_rows.py adds the rows of the schedule when this one is applied.
    operations = []

"""When workers look at trials. A row, so that an admin can re-time it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("trials", "0001_trials"),
    ]
    # webapp/lib/schedule_rows.py adds the rows of the schedule when this one is applied.
    operations = []

"""When the workers look after things by themselves. Rows, so that an admin can re-time them."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("codebooks", "0002_runs"),
    ]
    # webapp/lib/schedule_rows.py adds the rows of the schedule when this one is applied.
    operations = []

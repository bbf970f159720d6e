"""When old rows are deleted. A row, so that an admin can re-time it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("subjects", "0002_erasure"),
    ]
    # webapp/lib/schedule_rows.py adds the rows of the schedule when this one is applied.
    operations = []

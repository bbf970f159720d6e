"""The rows that watch over live versions. Rows, so that an admin can re-time them."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("codebooks", "0007_roles"),
    ]
    # webapp/lib/schedule_rows.py adds the rows of the schedule when this one is applied.
    operations = [
        migrations.RemoveField(model_name="agreement", name="seconds"),
    ]

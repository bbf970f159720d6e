"""Signs of life, and the schedule that asks for them."""

from django.db import migrations, models

from webapp.lib import labels


class Migration(labels.Migration):
    initial = True
    dependencies = []
    # webapp/lib/schedule_rows.py adds the rows of the schedule when this one is applied.
    operations = [
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("worker", models.CharField(max_length=200, unique=True)),
                ("at", models.DateTimeField(db_index=True)),
            ],
            options={'db_table': 'studio_heartbeat'},
        ),
    ]

from django.db import migrations, models

from webapp.lib import labels


class Migration(labels.Migration):
    dependencies = [
        ("uiengine_audits", "0001_initial"),
    ]
    # webapp/lib/schedule_rows.py adds the rows of the schedule when this one is applied.
    operations = [
        migrations.AddField(
            model_name="auditreport",
            name="mailed_at",
            field=models.DateTimeField(
                blank=True, help_text="When the mail about an *exceeds* was sent.", null=True
            ),
        ),
    ]

from django.db import migrations, models


def make(apps, editor):
    interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    every, _ = interval.objects.get_or_create(every=600, period="seconds")
    columns = {"task": "audits.mail", "interval": every, "expire_seconds": 600}
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name="Mail audits that exceed and were not mailed", defaults=columns
    )


def remove(apps, editor):
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(task="audits.mail").delete()


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0001_initial"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]
    operations = [
        migrations.AddField(
            model_name="auditreport",
            name="mailed_at",
            field=models.DateTimeField(
                blank=True, help_text="When the mail about an *exceeds* was sent.", null=True
            ),
        ),
        migrations.RunPython(make, remove),
    ]

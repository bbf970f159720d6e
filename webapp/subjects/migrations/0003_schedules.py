"""When old rows are deleted. A row, so that an admin can re-time it."""

from django.db import migrations

NAME = "Delete what surfaces keep no longer, nightly"


def make(apps, editor):
    crontab = apps.get_model("django_celery_beat", "CrontabSchedule")
    at, _ = crontab.objects.get_or_create(minute="10", hour="3", day_of_week="*")
    columns = {"task": "subjects.retention", "crontab": at}
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name=NAME, defaults=columns
    )


def remove(apps, editor):
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("subjects", "0002_erasure"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]
    operations = [migrations.RunPython(make, remove)]

"""When workers look at trials. A row, so that an admin can re-time it."""

from django.db import migrations

NAME = "Compare adapted with control, nightly"


BEGIN = "See which surfaces have a control share"


def make(apps, editor):
    interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    every, _ = interval.objects.get_or_create(every=300, period="seconds")
    columns = {"task": "trials.begin", "interval": every, "expire_seconds": 300}
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name=BEGIN, defaults=columns
    )
    crontab = apps.get_model("django_celery_beat", "CrontabSchedule")
    at, _ = crontab.objects.get_or_create(minute="50", hour="3", day_of_week="*")
    columns = {"task": "trials.look_all", "crontab": at}
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name=NAME, defaults=columns
    )


def remove(apps, editor):
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=(NAME, BEGIN)).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("trials", "0001_trials"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]
    operations = [migrations.RunPython(make, remove)]

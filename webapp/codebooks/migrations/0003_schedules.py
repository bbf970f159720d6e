"""When the workers look after things by themselves. Rows, so that an admin can re-time them."""

from django.db import migrations

INTERVALS = (
    ("Fold what was lost, close visits that are over", "subjects.sweep", 10),
    ("Take over runs whose worker died", "codebooks.sweep", 30),
)
CRONTABS = (
    ("Retrain surfaces with new visits, nightly", "codebooks.retrain_all", "30", "2", "*"),
    ("Audit champions, weekly", "audits.audit_all", "30", "4", "1"),
)


def make(apps, editor):
    task = apps.get_model("django_celery_beat", "PeriodicTask")
    interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    crontab = apps.get_model("django_celery_beat", "CrontabSchedule")
    for name, path, seconds in INTERVALS:
        every, _ = interval.objects.get_or_create(every=seconds, period="seconds")
        columns = {"task": path, "interval": every, "expire_seconds": seconds}
        task.objects.get_or_create(name=name, defaults=columns)
    for name, path, minute, hour, weekday in CRONTABS:
        at, _ = crontab.objects.get_or_create(minute=minute, hour=hour, day_of_week=weekday)
        task.objects.get_or_create(name=name, defaults={"task": path, "crontab": at})


def remove(apps, editor):
    names = [row[0] for row in (*INTERVALS, *CRONTABS)]
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=names).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("codebooks", "0002_runs"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]
    operations = [migrations.RunPython(make, remove)]

"""The rows that watch over live versions. Rows, so that an admin can re-time them."""

from django.db import migrations

INTERVALS = (
    ("Take bad versions back", "codebooks.guard", 1),
    ("Compare challengers in the shadow", "codebooks.shadow", 10),
)


def make(apps, editor):
    task = apps.get_model("django_celery_beat", "PeriodicTask")
    interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    for name, path, minutes in INTERVALS:
        every, _ = interval.objects.get_or_create(every=minutes, period="minutes")
        columns = {"task": path, "interval": every, "expire_seconds": 60 * minutes}
        task.objects.get_or_create(name=name, defaults=columns)


def remove(apps, editor):
    names = [row[0] for row in INTERVALS]
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=names).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("codebooks", "0007_roles"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]
    operations = [
        migrations.RemoveField(model_name="agreement", name="seconds"),
        migrations.RunPython(make, remove),
    ]

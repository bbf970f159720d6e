"""What was recorded before there was a chain becomes its first rows; a retrain becomes a step."""

import hashlib
import json

from django.db import migrations

from webapp.lib import labels


def chain(apps, editor):
    """Moves made before there was a chain become its first rows."""
    previous = "0" * 64
    for move in apps.get_model("uiengine_codebooks", "AliasMove").objects.order_by("pk"):
        def name(v):
            return f"{v.name} {v.manifest.get('id', '')}".strip() if v else ""

        move.stated = {
            "surface": move.surface.slug if move.surface else "",
            "alias": move.name,
            "before": name(move.before),
            "after": name(move.after),
            "share": move.share,
            "by": move.by_name,
            "why": move.why,
            "is_rollback": move.is_rollback,
            "figures": move.figures,
            "at": move.at.isoformat(),
        }
        text = json.dumps(
            {"previous": previous, **move.stated}, sort_keys=True, separators=(",", ":")
        )
        move.previous, move.digest = previous, hashlib.sha256(text.encode()).hexdigest()
        move.save()
        previous = move.digest


def kinds(apps, editor):
    """A retrain was one run; now it is a pipeline. What was under way is to be asked for again."""
    runs = apps.get_model("uiengine_codebooks", "Run").objects.filter(kind="retrain")
    runs.filter(state__in=("queued", "running")).update(
        state="failed", error="The software was updated. Retrain again.", lease_until=None
    )
    runs.update(kind="train")


class Migration(labels.Migration):
    dependencies = [("uiengine_codebooks", "0004_life")]
    operations = [
        migrations.RunPython(chain, migrations.RunPython.noop),
        migrations.RunPython(kinds, migrations.RunPython.noop),
    ]

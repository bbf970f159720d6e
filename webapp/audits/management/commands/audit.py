"""`manage.py audit`: audits versions on stored visits, in this process."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from webapp.audits.models import AuditReport
from webapp.codebooks.management.runs import carried_out, surface_named, version_named
from webapp.codebooks.models import CodebookVersion, Run
from webapp.codebooks.pipeline.steps import step_run
from webapp.codebooks.pipeline.stored_visits import visits_count
from webapp.lib.database_command import DatabaseCommand
from webapp.lib.learning_extra import require_learning
from webapp.lib.terminal import progress_bar
from webapp.subjects.attributes import attributes_known
from webapp.surfaces.models import Surface


class Command(DatabaseCommand):
    help = "Replays stored visits under a version and compares slices of people."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--surface", help="slug; default: all that have visits")
        parser.add_argument("--codebook", metavar="VERSION", help="default: the champion")
        parser.add_argument(
            "--by", nargs="+", default=[], help="attributes; default: all that people have"
        )

    def handle(self, *args: Any, surface: str | None, by: list[str], **options: Any) -> None:
        require_learning()
        version = version_named(options["codebook"]) if options["codebook"] else None
        rows = [surface_named(surface)] if surface else _surfaces(version)
        found = [self._audit(row, version, by) for row in rows]
        order = ("exceeds", "inconclusive", "within")
        worst = min((f["verdict"] for f in found), key=order.index)
        self.stdout.write(json.dumps({"verdict": worst, "reports": found}))

    def _audit(
        self, row: Surface, version: CodebookVersion | None, by: list[str]
    ) -> dict[str, Any]:
        _check(row, by)
        with progress_bar(f"audit {row.slug}") as show:
            run = carried_out(
                Run.Kind.AUDIT,
                row,
                lambda run_id: step_run(run_id, show),
                version=version,
                options={"by": by},
            )
        report = AuditReport.objects.get(pk=run.result["report"])
        for line in report.report["slices"]:
            if line["verdict"] == "exceeds" or (line["verdict"] and len(line["slice"]) == 1):
                who = ", ".join(f"{k} {v}" for k, v in line["slice"].items())
                judged = f"{line['metric']} {line['verdict']} ({line['users']} people)"
                self.stdout.write(f"{row.slug}: {who}: {judged}")
        return {"surface": row.slug, "run": run.pk, **run.result}


def _surfaces(version: CodebookVersion | None) -> list[Surface]:
    trained_for = list(version.surfaces.all()) if version else []
    rows = trained_for or [s for s in Surface.objects.all() if visits_count(s)]
    if not rows:
        raise CommandError("surface: none has visits. Import some: manage.py import_visits PATH")
    return rows


def _check(row: Surface, by: list[str]) -> None:
    known = attributes_known(row)
    for name in by:
        if name not in known:
            have = ", ".join(known) or "none: import some with import_visits --people"
            raise CommandError(
                f"by: {name!r} is no attribute of the people on {row.slug}. They have {have}."
            )

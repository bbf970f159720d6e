"""`manage.py judge VERSION`: applies the gate's five conditions to an existing version."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from webapp.codebooks.management.runs import (
    next_steps,
    pipeline_done,
    surface_named,
    version_named,
)
from webapp.codebooks.models import GateReport, Pipeline
from webapp.codebooks.pipeline.steps import pipeline_carry_out
from webapp.lib.database_command import DatabaseCommand
from webapp.lib.learning_extra import require_learning
from webapp.lib.terminal import progress_bar


class Command(DatabaseCommand):
    help = "Audits a version and judges it beside the champion. Nothing is promoted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="VERSION", help="name of the version, or a start of it")
        parser.add_argument("--surface", required=True, help="slug of the surface")
        parser.add_argument("--by", nargs="+", default=[], help="attributes the audit compares")
        parser.add_argument("--smoke", action="store_true", help="a few random people")

    def handle(
        self, *args: Any, name: str, surface: str, by: list[str], smoke: bool, **options: Any
    ) -> None:
        require_learning()
        row, version = surface_named(surface), version_named(name)
        with progress_bar(f"judge {version.name}") as show:
            done = pipeline_done(
                Pipeline.Kind.JUDGE,
                row,
                lambda line: pipeline_carry_out(line, show),
                version=version,
                options={"by": by, "smoke": smoke},
            )
        report = GateReport.objects.filter(version=version, surface=row).latest("pk")
        for condition in report.conditions:
            said = f"{condition['name']} {condition['verdict']}"
            self.stdout.write(f"{said}: {condition['text']} ({condition['figure']})")
        if left := next_steps(done):
            self.stdout.write(left)
        line = {"version": version.name, "surface": surface, "gate": report.pk}
        self.stdout.write(json.dumps({**line, "verdict": report.verdict}))

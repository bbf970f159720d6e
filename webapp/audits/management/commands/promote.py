"""`manage.py promote VERSION`: makes a version champion."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from getpass import getuser
from typing import Any

from django.core.management.base import CommandError

from uiengine.errors import EngineError
from webapp.audits.models import AuditReport
from webapp.audits.services import report_acknowledge
from webapp.codebooks.gate.promotion import gate_acknowledge
from webapp.codebooks.gate.rollout import promotion_ask
from webapp.codebooks.management.runs import refuse_where_two_decide, surface_named, version_named
from webapp.codebooks.models import CodebookVersion, GateReport
from webapp.lib.database_command import DatabaseCommand
from webapp.surfaces.models import Surface


class Command(DatabaseCommand):
    help = "Makes a version champion of the surfaces that it was trained for."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="VERSION", help="name of the version, or a start of it")
        parser.add_argument("--surface", help="only this one; an innate version needs it")
        parser.add_argument("--why", default="", help="kept in the record of moves")
        parser.add_argument(
            "--acknowledge",
            metavar="NAME",
            help="who takes an inconclusive audit or an unclear gate upon themselves; needs --why",
        )

    def handle(self, *args: Any, name: str, surface: str | None, **options: Any) -> None:
        version = version_named(name)
        surfaces = [surface_named(surface)] if surface else list(version.surfaces.all())
        if not surfaces:
            raise CommandError(
                f"surface: version {version.name} is innate, made for no surface in particular. "
                "Say which it should serve: --surface SLUG"
            )
        moved: list[str] = []
        for row in surfaces:
            refuse_where_two_decide(row)
        for row in surfaces:
            try:
                if options["acknowledge"]:
                    _acknowledge(version, row, options["acknowledge"], options["why"])
                why = options["why"] or "promoted from the command line"
                if promotion_ask(version=version, surface=row, why=why, by_name=getuser()):
                    moved.append(row.slug)
            except EngineError as error:
                raise CommandError(str(error)) from error
        if not moved:
            self.stdout.write(f"{version.name} is champion there already: nothing changed.")
        self.stdout.write(json.dumps({"version": version.name, "champion_of": moved}))


def _acknowledge(version: CodebookVersion, surface: Surface, name: str, why: str) -> None:
    """Acknowledges the latest audit and gate where they could not tell; who did before stays."""
    if not why:
        raise CommandError("why: an acknowledgement needs a reason. Add --why TEXT.")
    report = AuditReport.objects.filter(version=version, surface=surface).first()
    is_unclear = report is not None and report.verdict == AuditReport.Verdict.INCONCLUSIVE
    if report is not None and is_unclear and report.acknowledged_at is None:
        report_acknowledge(report=report, name=name, why=why)
    gate = version.gate_reports.filter(surface=surface).first()
    is_unclear = gate is not None and gate.verdict == GateReport.Verdict.UNCLEAR
    if gate is not None and is_unclear and gate.acknowledged_at is None:
        gate_acknowledge(report=gate, name=name, why=why)

"""`manage.py retrain --surface S`: runs the pipeline on stored visits, in this process."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from webapp.codebooks.management.runs import next_steps, pipeline_done, surface_named
from webapp.codebooks.models import Pipeline
from webapp.codebooks.pipeline.steps import pipeline_carry_out
from webapp.lib.database_command import DatabaseCommand
from webapp.lib.learning_extra import require_learning
from webapp.lib.terminal import progress_bar


class Command(DatabaseCommand):
    help = (
        "Trains a codebook version for a surface from the visits stored for it, audits it, lets "
        "the gate judge it, and promotes it if all conditions are met."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--surface", required=True, help="slug of the surface")
        parser.add_argument("--seed", type=int, default=0, help="of weights, order, augmentation")
        parser.add_argument("--by", nargs="+", default=[], help="attributes the audit compares")
        parser.add_argument(
            "--anew",
            action="store_true",
            help="start from the innate version, not from the champion: moves more for people who "
            "did nothing new",
        )
        parser.add_argument("--smoke", action="store_true", help="a few epochs: ends in seconds")

    def handle(
        self,
        *args: Any,
        surface: str,
        seed: int,
        by: list[str],
        anew: bool,
        smoke: bool,
        **options: Any,
    ) -> None:
        require_learning()
        row = surface_named(surface)
        with progress_bar(f"retrain {surface}") as show:
            done = pipeline_done(
                Pipeline.Kind.RETRAIN,
                row,
                lambda line: pipeline_carry_out(line, show),
                options={"seed": seed, "by": by, "anew": anew, "smoke": smoke},
            )
        self.stdout.write(f"{done.outcome} {next_steps(done)}".strip())
        self.stdout.write(json.dumps(summary(done)))


def summary(line: Pipeline) -> dict[str, Any]:
    """Summarises a pipeline for one line of JSON."""
    left = line.result
    began, ended = line.created_at, line.finished_at
    return {
        "surface": line.surface.slug,
        "pipeline": line.pk,
        "version": line.version.name if line.version else None,
        "is_new": left.get("export", {}).get("is_new"),
        "visits": left.get("collect", {}).get("visits"),
        "verdict": left.get("audit", {}).get("verdict"),
        "gate": left.get("gate", {}).get("verdict"),
        "outcome": line.outcome,
        "seconds": round((ended - began).total_seconds(), 1) if ended else None,
    }

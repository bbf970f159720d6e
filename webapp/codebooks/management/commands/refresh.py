"""`manage.py refresh --surface S`: trains the champion for a few hundred steps, in this process."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from webapp.codebooks.management.commands.retrain import summary
from webapp.codebooks.management.runs import next_steps, pipeline_done, surface_named
from webapp.codebooks.models import Pipeline
from webapp.codebooks.pipeline.steps import pipeline_carry_out
from webapp.lib.database_command import DatabaseCommand
from webapp.lib.learning_extra import require_learning
from webapp.lib.terminal import progress_bar


class Command(DatabaseCommand):
    help = (
        "Refreshes a surface's champion on people of late, balanced over slices; then the same "
        "audit and gate as after a retrain. Attributes choose who is learned from, nothing else."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--surface", required=True, help="slug of the surface")
        parser.add_argument("--by", nargs="+", default=[], help="attributes to balance over")
        parser.add_argument("--seed", type=int, default=0, help="of order and augmentation")
        parser.add_argument("--smoke", action="store_true", help="a few steps: ends in seconds")

    def handle(
        self, *args: Any, surface: str, by: list[str], seed: int, smoke: bool, **options: Any
    ) -> None:
        require_learning()
        row = surface_named(surface)
        with progress_bar(f"refresh {surface}") as show:
            done = pipeline_done(
                Pipeline.Kind.REFRESH,
                row,
                lambda line: pipeline_carry_out(line, show),
                options={"seed": seed, "by": by, "smoke": smoke},
            )
        self.stdout.write(f"{done.outcome} {next_steps(done)}".strip())
        slices = done.result.get("collect", {}).get("slices")
        self.stdout.write(json.dumps({**summary(done), "slices": slices}))

"""`manage.py retrain --surface S`: trains a version from stored visits, in this process."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from webapp.codebooks.models import Run
from webapp.codebooks.tasks import retrain_run
from webapp.commands import carried_out, surface_named
from webapp.terminal import progress_bar


class Command(BaseCommand):
    help = "Trains a codebook version for a surface from the visits stored for it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--surface", required=True, help="slug of the surface")
        parser.add_argument("--seed", type=int, default=0, help="of weights, order, augmentation")

        parser.add_argument("--smoke", action="store_true", help="a few epochs: ends in seconds")

    def handle(self, *args: Any, surface: str, seed: int, smoke: bool, **options: Any) -> None:
        row = surface_named(surface)
        with progress_bar(f"retrain {surface}") as show:
            run = carried_out(
                Run.Kind.RETRAIN,
                row,
                lambda run_id: retrain_run(run_id, show),
                options={"seed": seed, "smoke": smoke},
            )
        name = run.result["version"]
        if run.result["is_new"]:
            audit = f"manage.py audit --surface {surface} --codebook {name}"
            self.stdout.write(f"Version {name} is trained, and serves nobody yet. Next: {audit}")
        else:
            self.stdout.write(f"The same visits gave the same version {name}: nothing changed.")
        self.stdout.write(json.dumps({"surface": surface, "run": run.pk, **run.result}))

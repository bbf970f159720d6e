"""`manage.py plan_trial --surface S --effect 10`: how many people and days a trial needs."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from webapp.codebooks.management.runs import surface_named
from webapp.lib.database_command import DatabaseCommand
from webapp.lib.times import utc_now
from webapp.trials.goals.plan import PlanError, goal_named, goal_plan, in_words


class Command(DatabaseCommand):
    help = (
        "Says how many people and days a trial needs to find an effect of a given size on a goal, "
        "from the page's own history. Nothing is changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--surface", required=True, help="slug of the page")
        parser.add_argument("--goal", default="", metavar="NAME", help="default: the primary one")
        parser.add_argument(
            "--effect",
            type=float,
            required=True,
            metavar="PERCENT",
            help="smallest change of the goal's mean that matters, in percent of it",
        )
        parser.add_argument("--json", action="store_true", help="print all figures as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        surface = surface_named(options["surface"])
        try:
            goal = goal_named(surface, options["goal"])
            plan = goal_plan(goal=goal, effect_percent=options["effect"], now=utc_now())
        except PlanError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(plan.as_json()))
            return
        self.stdout.write(in_words(plan))
        for share in plan.by_control:
            days = "never" if share.days is None else f"{share.days} days"
            self.stdout.write(
                f"  {share.control_percent} % control: {share.people:,} people, {days}"
            )

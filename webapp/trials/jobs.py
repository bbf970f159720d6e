"""A look at a trial: its two groups compared on all visits so far, and by the team's goals."""

from __future__ import annotations

from django.db import IntegrityError

from webapp.lib import database
from webapp.lib.times import utc_now
from webapp.surfaces import mappers
from webapp.trials.goals.compare import goals_compare
from webapp.trials.models import Trial, TrialLook
from webapp.trials.services import trial_visits


def trial_look(trial: Trial) -> int | None:
    """Returns the look's row; None where another worker looked at the same time."""
    from ml.evaluation.trial import TrialVisit, compare

    number = trial.looks.count() + 1
    visits = [TrialVisit(**fields) for fields in trial_visits(trial)]
    page = mappers.to_surface(trial.surface)
    now = utc_now()
    figures = compare(visits, page, percent=trial.percent, look=number)
    figures["goals"] = goals_compare(trial, now)
    columns = {"at": now, "verdict": figures["verdict"], "figures": figures}
    try:
        with database.atomic():
            return TrialLook.objects.create(trial=trial, number=number, **columns).pk
    except IntegrityError:
        return None

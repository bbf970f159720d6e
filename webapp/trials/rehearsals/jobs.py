"""The rehearsal as a step: the stored past is walked through as the engine would have shown it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from uiengine.errors import VersionError
from webapp.codebooks.gate.promotion import innate_version
from webapp.codebooks.models import Alias, CodebookVersion, Run
from webapp.codebooks.pipeline.lease import Lease, RefusedRunError, bad_values
from webapp.codebooks.pipeline.stored_visits import stored_visits
from webapp.codebooks.pipeline.work_folder import work_folder
from webapp.codebooks.registry import artefacts
from webapp.lib import database
from webapp.subjects.attributes import Reading, attributes_known, people_of
from webapp.surfaces import mappers
from webapp.surfaces.models import Surface
from webapp.trials.rehearsals.services import NO_PAST, is_simulated, rehearsal_save

Frame = Any
"""A pandas table; naming its type would import pandas into web processes."""
TRAINING = 0.6
"""Share of the progress that training takes, where a version is trained."""


def rehearse(lease: Lease) -> None:
    """Rehearses with the run's version, the champion or the innate one; leaves a row."""
    from ml.data.errors import DataError
    from ml.rehearsal.rehearse import MOST_PEOPLE, NobodyHeldBackError
    from ml.rehearsal.rehearse import rehearse as rehearsed
    from ml.rehearsal.verdict import LEAST_SAVED
    from ml.training.start import TooLittleDataError

    run, options = lease.run, lease.run.options
    lease.show(0.0, "collecting visits")
    version = None if options.get("train") else _version(run)
    page = mappers.to_surface(run.surface)
    by = options.get("by") or attributes_known(run.surface)
    begin = TRAINING if options.get("train") else 0.02
    try:
        visits = _visits(run.surface)
        found = rehearsed(
            visits,
            people_of(run.surface, by, Reading(run.asked_by, f"rehearsal, run {run.pk}")),
            by,
            surface=page,
            folder=_folder(lease, version, visits, page),
            most_people=options.get("people") or MOST_PEOPLE,
            least=options.get("least", LEAST_SAVED),
            progress=lambda share, doing: lease.show(begin + (0.99 - begin) * share, doing),
        )
    except DataError as error:
        raise bad_values(error) from error
    except NobodyHeldBackError as error:
        raise RefusedRunError(f"surface: {run.surface.slug} has {error}: import more.") from error
    except (TooLittleDataError, VersionError) as error:
        raise RefusedRunError(str(error)) from error
    named = version.name if version else found.figures["version"]
    told = {"trained": version is None, "simulated": is_simulated(run.surface), "version": named}
    with database.atomic():
        row = rehearsal_save(
            surface=run.surface,
            version=version,
            figures={**found.figures, **told},
            weeks=[vars(week) for week in found.weeks],
        )
        result = {"report": row.pk, "verdict": row.verdict}
        lease.finish({**result, "version": named}, version)


def _visits(surface: Surface) -> Frame:
    from ml.data.rows import visits_frame

    visits = visits_frame(stored_visits(surface))
    if visits.empty:
        raise RefusedRunError(NO_PAST.format(surface.slug))
    return visits


def _version(run: Run) -> CodebookVersion:
    """The version that was named, else the one that serves, else the innate one."""
    champion = Alias.objects.filter(surface=run.surface, name=Alias.Name.CHAMPION).first()
    found = run.version or (champion.version if champion else innate_version())
    if found is None:
        raise RefusedRunError(
            f"surface: {run.surface.slug} has no version, and no innate one is there. Load it: "
            "manage.py load_fixtures --no-cohort"
        )
    return found


def _folder(lease: Lease, version: CodebookVersion | None, visits: Frame, page: Any) -> Path:
    """The folder of the version, or of one that is trained for this rehearsal alone."""
    if version is not None:
        return artefacts.registered(version.folder, version.manifest)
    from ml.rehearsal.trained import trained_for_rehearsal

    innate = innate_version()
    return trained_for_rehearsal(
        visits,
        page,
        artefacts.registered(innate.folder, innate.manifest) if innate else None,
        work_folder(lease.run) / "trained",
        lambda share, doing: lease.show(0.02 + (TRAINING - 0.02) * share, f"training: {doing}"),
        is_smoke=bool(lease.run.options.get("smoke")),
    )

"""Attributes are no input of training: shuffling them leaves every artefact unchanged."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch

from webapp.codebooks.gate import promotion
from webapp.codebooks.models import Pipeline
from webapp.codebooks.pipeline import steps
from webapp.codebooks.pipeline.order import pipeline_request
from webapp.codebooks.pipeline.stored_visits import stored_visits
from webapp.lib import stored_files
from webapp.subjects.models import PersonalAttributes, Visit

pytestmark = pytest.mark.django_db


def trained(surface, kind, **options) -> str:
    """Returns SHA-256 of what a version is exported from: weights, codes, orders, card."""
    options = {"smoke": True, "in_process": True, **options}
    line, is_new = pipeline_request(kind=kind, surface=surface, options=options)
    assert is_new
    for _ in ("collect", "train"):
        steps.step_run(line.runs.get(state="queued").pk)
    line.refresh_from_db()
    Pipeline.objects.update(state="done")
    path = stored_files.fetch(line.result["train"]["file"], Path())
    held = torch.load(path, weights_only=True)
    words = json.loads(held.pop("words"))
    del words["card"]["training"]["seconds"]  # varies between runs
    digest = hashlib.sha256(json.dumps(words, sort_keys=True).encode())
    for part in ("codec", "quantiser"):
        for name, tensor in sorted(held[part].items()):
            digest.update(name.encode() + tensor.numpy().tobytes())
    return digest.hexdigest()


def shuffle_attributes() -> None:
    """Rotates the values by seven people, so that everybody gets another's."""
    rows = list(PersonalAttributes.objects.order_by("pk"))
    values = [row.values for row in rows]
    for row, other in zip(rows, values[7:] + values[:7], strict=True):
        row.values = other
    PersonalAttributes.objects.bulk_update(rows, ["values"])


def test_shuffled_attributes_change_no_artefact(cohort, innate):
    promotion.innate_ship(folder=innate)
    before = dict(PersonalAttributes.objects.values_list("subject__key", "values"))
    retrained = trained(cohort, Pipeline.Kind.RETRAIN)
    refreshed = trained(cohort, Pipeline.Kind.REFRESH)

    shuffle_attributes()

    assert dict(PersonalAttributes.objects.values_list("subject__key", "values")) != before
    assert trained(cohort, Pipeline.Kind.RETRAIN) == retrained
    assert trained(cohort, Pipeline.Kind.REFRESH) == refreshed  # everybody is in so small a batch
    somebody = next(iter(stored_visits(cohort)))[1]
    Visit.objects.filter(profile__subject__key=somebody).delete()
    assert trained(cohort, Pipeline.Kind.REFRESH) != refreshed

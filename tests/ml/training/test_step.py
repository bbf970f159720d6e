"""A step from the champion is shortened until little moves for people who did nothing new."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ml.data.histories import pages, visits_of
from ml.evaluation.churn import moved_by
from ml.evaluation.policies import policy
from ml.evaluation.replay import replay, static_orders
from ml.evaluation.served import popularity_before, requests_now
from ml.learning.loop import Fitted
from ml.learning.networks import Codec
from ml.learning.residual_vq import ResidualQuantiser
from ml.training.refresh import refresh_draft
from ml.training.step import KINDS, Limit, between
from ml.training.train import train_draft, train_version
from tests.ml.conftest import SMALL, simulated_visits
from uiengine.model.version_folder import load_version

QUICK = replace(SMALL, warm_epochs=0, code_epochs=1)
FRAME = simulated_visits(40, 10, 5)


def said(*figures):
    """A count of moved blocks that says these figures in turn, and the folders it was asked for."""
    left, asked = list(figures), []

    def moved(folder):
        asked.append(load_version(folder).id)
        return left.pop(0)

    return moved, asked


def some_fit(kinds, seed):
    torch.manual_seed(seed)
    codec = Codec(kinds, SMALL).eval()
    names = {f"k{i}": i + 1 for i in range(kinds)}
    return Fitted(codec, ResidualQuantiser(SMALL).eval(), names, SMALL)


def test_half_a_step_ends_midway_and_leaves_the_whole_one_as_it_was():
    start, whole = some_fit(3, 0), some_fit(5, 1)
    before = {name: value.clone() for name, value in whole.codec.state_dict().items()}

    half = between(start, whole, 0.5).codec.state_dict()

    was = start.codec.state_dict()
    for name, value in whole.codec.state_dict().items():
        assert torch.equal(value, before[name])
        if name != KINDS and value.is_floating_point():
            torch.testing.assert_close(half[name], (was[name] + value) / 2)
    rows = len(was[KINDS])
    torch.testing.assert_close(half[KINDS][:rows], (was[KINDS] + before[KINDS][:rows]) / 2)
    torch.testing.assert_close(half[KINDS][rows:], before[KINDS][rows:] / 2)


@pytest.mark.parametrize(
    ("figures", "share"),
    [((0.05,), 1.0), ((0.3, 0.2, 0.1), 0.25)],
)
def test_the_longest_step_within_the_limit_is_taken_and_told(version_folder, figures, share):
    moved, asked = said(*figures)

    draft = train_draft(
        FRAME, champion=version_folder, settings=QUICK, limit=Limit(moved, most=0.05)
    )

    told = draft.card["training"]["step"]
    assert told == {"share": share, "moved": figures[-1], "most": 0.05}
    assert len(asked) == len(set(asked)) == len(figures)


def test_a_refresh_is_shortened_too(version_folder):
    moved, _ = said(0.2, 0.0)
    users = set(FRAME.user.unique()[:20])
    surfaces = pages([FRAME])

    draft = refresh_draft(
        FRAME, users, version_folder, surfaces=surfaces, steps=8, limit=Limit(moved)
    )

    assert draft.card["training"]["step"]["share"] == 0.5


def test_nothing_is_counted_where_a_training_starts_elsewhere(version_folder):
    moved, asked = said()

    draft = train_draft(FRAME, innate=version_folder, settings=QUICK, limit=Limit(moved))

    assert not asked and "step" not in draft.card["training"]


def test_people_are_moved_as_little_as_was_counted(version_folder, tmp_path):
    """Counted by the engine, on pages that the champion served."""
    visits, champion = visits_of(FRAME), load_version(version_folder)
    surfaces, profiles = pages([FRAME]), {}
    orders = static_orders(surfaces, champion.default_orders)
    decide = policy("engine", champion, orders, 64, 0)
    assert list(replay(visits, surfaces, orders, decide, profiles=profiles))
    (slug,), day = surfaces, visits[-1].day + 1
    known = popularity_before(visits, slug, day)
    requests = list(requests_now(profiles, known, surfaces[slug], day, 100).values())
    moved = moved_by(requests, champion)
    long = replace(QUICK, code_epochs=3, rate=2e-2)
    train_version(FRAME, tmp_path / "whole", champion=version_folder, settings=long)
    whole = moved(tmp_path / "whole")

    card = train_version(
        FRAME,
        tmp_path / "near",
        champion=version_folder,
        settings=long,
        limit=Limit(moved, most=whole * 0.6),
    )

    told = card["training"]["step"]
    assert moved(version_folder) == 0.0 < whole
    assert told["share"] < 1.0 and moved(tmp_path / "near") == told["moved"] < whole

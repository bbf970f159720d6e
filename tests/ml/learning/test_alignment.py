"""Aligned codebooks: numbers keep their meaning, by brute force and counted by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.data.histories import pages, visits_of
from ml.data.sums import mean_shares
from ml.learning import alignment
from ml.learning.alignment import Alignment, numbers, renumber, tokens_of
from ml.learning.building import build_examples
from ml.learning.loop import encode_all, fit
from ml.training.start import load_fitted
from ml.training.train import train_version
from tests.ml.conftest import KINDS, SMALL, simulated_visits
from uiengine.model.version_folder import load_version

QUICK = replace(SMALL, warm_epochs=0, code_epochs=2)


@pytest.fixture(scope="module")
def champion(version_folder):
    return load_fitted(version_folder)


def examples_of(frame, kinds):
    rows = visits_of(frame)
    return build_examples(rows, pages([frame]), kinds, mean_shares(rows))


@pytest.fixture(scope="module")
def later(champion):
    """Visits of other people, as the champion's networks see them."""
    return examples_of(simulated_visits(60, 15, 7), champion.kinds)


@given(
    news=st.integers(1, 5),
    olds=st.integers(1, 6),
    data=st.data(),
)
@settings(max_examples=60, deadline=None)
def test_most_visits_keep_their_number_as_by_brute_force(news, olds, data):
    cells = data.draw(st.lists(st.integers(0, 9), min_size=news * olds, max_size=news * olds))
    common = np.array(cells).reshape(news, olds)

    def kept(given):
        return sum(common[code, to] for code, to in enumerate(given) if to < olds)

    found = numbers(common)

    assert sorted(found) == list(range(news))
    assert kept(found) == max(map(kept, permutations(range(news))))


def test_shuffled_numbers_come_back_and_nothing_else_changes(champion, later, version_folder):
    shuffled = load_fitted(version_folder)
    quantiser = shuffled.quantiser
    for stage, used in enumerate(quantiser.codes_in_use):
        order = torch.randperm(used, generator=torch.Generator().manual_seed(stage))
        quantiser.codes[stage, :used] = quantiser.codes[stage, order]
    before = tokens_of(champion, later)
    assert (tokens_of(shuffled, later) == before).mean() < 0.5
    latents = encode_all(champion.codec, later, torch.Generator())
    stages = torch.full((len(latents),), len(quantiser.codes_in_use))
    coded = quantiser(latents, stages, torch.Generator())

    renumber(shuffled, champion, later)

    assert (tokens_of(shuffled, later) == before).all()
    torch.testing.assert_close(quantiser(latents, stages, torch.Generator()), coded)


def test_an_aligned_fit_keeps_codes_in_place_and_most_first_tokens(champion, later):
    """Beside the same training that is not aligned."""
    was = champion.quantiser.codes.clone()
    used = champion.quantiser.codes_in_use
    kept, warm = {}, replace(QUICK, warm_epochs=1)  # an aligned fit leaves the warm-up out
    for is_aligned in (False, True):
        found = fit(later, champion.kinds, warm, seed=0, start=champion, is_aligned=is_aligned)
        kept[is_aligned] = Alignment(champion, found, later).facts()["first_token_kept"]

    for stage, count in enumerate(used):
        assert torch.equal(found.quantiser.codes[stage, :count], was[stage, :count])
        assert found.quantiser.codes_in_use[stage] >= count
    assert torch.equal(champion.quantiser.codes, was)
    assert kept[True] > max(kept[False], 0.9)


def test_a_kind_that_the_champion_does_not_know_starts_as_it_sees_it(champion):
    """Without a step of training, the latents are the champion's: of text and shape alone."""
    frame = simulated_visits(30, 8, 9)
    renamed = frame.assign(block=frame["block"].replace("search", "wiki"))
    kinds = {**champion.kinds, "wiki": len(champion.kinds) + 1}
    made, none = examples_of(renamed, kinds), replace(QUICK, code_epochs=0)

    found = fit(made, kinds, none, seed=0, start=champion, is_aligned=True)

    same = alignment.renumbered(made, kinds, champion.kinds)
    assert (same.inputs.kind == 0).any() and not (made.inputs.kind[made.inputs.mask > 0] == 0).any()
    torch.testing.assert_close(
        encode_all(found.codec, made, torch.Generator()),
        encode_all(champion.codec, same, torch.Generator()),
    )


@pytest.mark.parametrize(
    ("common", "told"),
    [
        ([[5, 0], [0, 5]], {"same": 2, "drifted": [], "new": [], "gone": []}),
        ([[5, 4], [6, 5]], {"same": 1, "drifted": [1], "new": [], "gone": []}),
        ([[5, 0], [0, 5], [1, 1]], {"same": 2, "drifted": [], "new": [2], "gone": []}),
        ([[5, 9]], {"same": 0, "drifted": [0], "new": [], "gone": [1]}),
        ([[0, 0], [0, 3]], {"same": 2, "drifted": [], "new": [], "gone": []}),
    ],
)
def test_a_code_drifted_where_most_of_its_visits_had_another_number(common, told):
    assert alignment._stage_facts(np.array(common)) == told


def test_versions_say_what_they_are_aligned_with_and_export(version_folder, tmp_path):
    """From the champion, and from another start with the champion's numbers."""
    frame = simulated_visits(60, 12, 5)
    small = replace(QUICK, code_epochs=1)
    aligned = train_version(frame, tmp_path / "a", champion=version_folder, settings=small)
    other = train_version(frame, tmp_path / "o", innate=version_folder, seed=3, settings=small)
    named = train_version(
        frame, tmp_path / "n", innate=version_folder, champion=tmp_path / "o", settings=small
    )

    assert "alignment" not in other["training"]
    told = aligned["training"]["alignment"]
    assert told["is_start"] and told["champion"] == load_version(version_folder).id
    first = told["stages"][0]
    assert len(first["drifted"]) < first["same"] and told["first_token_kept"] > 0.9
    assert named["training"]["alignment"]["champion"] == other["id"]
    assert not named["training"]["alignment"]["is_start"]
    assert max(aligned["parity"].values()) < 1e-4
    codes = load_version(tmp_path / "a").codebook
    old = load_version(version_folder).codebook
    for stage, count in enumerate(old.codes_in_use):
        assert np.array_equal(codes.codes[stage, :count], old.codes[stage, :count])
    assert set(KINDS) == set(load_version(tmp_path / "a").kinds)

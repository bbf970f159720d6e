"""NaN and infinity: refused in what a version is given and in what its networks answer."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.uiengine.model.spoilt import always, for_some, slow, spoilt
from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile, fold_visit
from uiengine.engine import decide
from uiengine.errors import BehaviourError, VersionError
from uiengine.model.suggest import suggest
from uiengine.model.version import DECODER_OUTPUTS
from uiengine.model.version_folder import load_version
from uiengine.page.surface_json import parse
from uiengine.request import Request

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "fixtures" / "innate"
PAGE = json.loads((ROOT / "fixtures" / "surfaces" / "course_home.json").read_text())
ODD = [math.nan, math.inf, -math.inf]


def request(visits: int = 0, **guardrails: float) -> Request:
    surface = parse({**PAGE, "guardrails": {**PAGE.get("guardrails", {}), **guardrails}})
    profile, blocks = Profile(), [block.id for block in surface.blocks]
    for visit in range(visits):
        fold_visit(profile, visit, {blocks[visit % 3], blocks[4]}, blocks)
    return Request(surface, profile, Popularity(), day=visits, visit="v")


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(
    ("graph", "output"), [("encoder", "latent"), *(("decoder", name) for name in DECODER_OUTPUTS)]
)
def test_a_network_that_is_never_finite_is_refused_at_load(tmp_path, graph, output, value):
    folder = spoilt(SHIPPED, tmp_path / "v", graph, output, always(value))

    with pytest.raises(VersionError, match=rf"^{output}: must be finite.*\(got (nan|-?inf)\)"):
        load_version(folder)


@pytest.mark.parametrize("exploration", [0.0, 0.2])
@pytest.mark.parametrize("value", ODD)
def test_one_that_is_not_finite_for_some_raises_for_them_alone(tmp_path, value, exploration):
    folder = spoilt(SHIPPED, tmp_path / "v", "decoder", "side_share", for_some(value))
    version, good = load_version(folder), load_version(SHIPPED)
    few, many = request(30, exploration=exploration), request(200, exploration=exploration)

    assert replace(decide(few, version), version=good.id) == decide(few, good)
    with pytest.raises(VersionError, match="side_share"):
        decide(many, version)


def test_a_layout_part_that_is_not_finite_suggests_nothing(tmp_path):
    folder = spoilt(SHIPPED, tmp_path / "v", "layout_decoder", "order", always(math.nan))
    part = load_version(folder).layouts
    assert part is not None

    with pytest.raises(VersionError, match="order: must be finite"):
        suggest(parse(PAGE), part)


def test_codes_and_figures_that_are_not_finite_are_refused_at_load(tmp_path):
    codes = shutil.copytree(SHIPPED, tmp_path / "codes")
    spoilt_codes = np.load(codes / "codes.npy")
    spoilt_codes[0, 3, 1] = np.nan
    np.save(codes / "codes.npy", spoilt_codes)
    manifest = json.loads((codes / "manifest.json").read_text())
    digest = hashlib.sha256((codes / "codes.npy").read_bytes()).hexdigest()
    manifest["files"]["codes.npy"] = digest
    (codes / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(VersionError, match=r"codes\.npy holds a number that is not finite"):
        load_version(codes)

    figures = shutil.copytree(SHIPPED, tmp_path / "figures")
    manifest = json.loads((figures / "manifest.json").read_text())
    manifest["codebook"]["seconds_per_error"] = math.nan
    (figures / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(VersionError, match="NaN"):
        load_version(figures)


def test_a_network_that_cannot_be_run_is_refused_at_load(tmp_path):
    def narrower(model, output):
        size = next(i for i in model.graph.input if i.name == "context").type.tensor_type.shape
        size.dim[1].ClearField("dim_param")
        size.dim[1].dim_value = 3

    folder = spoilt(SHIPPED, tmp_path / "v", "encoder", "latent", narrower)
    with pytest.raises(VersionError, match="cannot be"):
        load_version(folder)


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("where", ["day_uses", "visit_shares", "familiarity", "days"])
def test_a_profile_that_is_not_finite_is_refused_not_decided(value, where):
    version, asked = load_version(SHIPPED), request(5)
    use = asked.profile.blocks[asked.surface.blocks[4].id]
    if where == "familiarity":
        asked.profile.familiarity[asked.surface.blocks[4].id] = value
    elif where == "days":
        asked.profile.day_visits = (1.0, value, 1.0)
    else:
        setattr(use, where, (value, *getattr(use, where)[1:]))

    with pytest.raises(BehaviourError, match="profile: must hold finite numbers only"):
        decide(asked, version)


@pytest.mark.parametrize("value", ODD)
def test_a_popularity_that_is_not_finite_is_refused_not_decided(value):
    asked = request(5)
    spoilt_shares = {asked.surface.blocks[0].id: (1.0, value, 1.0)}
    asked = replace(asked, popularity=Popularity(5, spoilt_shares, (1.0, 1.0, 1.0)))

    with pytest.raises(BehaviourError, match="popularity"):
        decide(asked, load_version(SHIPPED))


def test_a_slow_network_decides_what_the_quick_one_does(tmp_path):
    folder = spoilt(SHIPPED, tmp_path / "v", "decoder", "side_share", slow(rounds=3, width=64))
    version, good = load_version(folder), load_version(SHIPPED)

    assert replace(decide(request(9), version), version=good.id) == decide(request(9), good)

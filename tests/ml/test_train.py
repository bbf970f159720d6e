"""Versions: eight samples overfit, ONNX equals torch, damage is refused, seeds reproduce."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from ml.codec import INNATE
from ml.data.histories import page, pages, visits_of
from ml.data.needs import people_with_needs
from ml.data.sums import mean_shares
from ml.data.surface_files import read_surfaces
from ml.layouts.part import carried, with_layouts
from ml.learning.building import build_examples
from ml.learning.loop import fit
from ml.learning.losses import share_loss
from ml.learning.networks import Codec
from ml.learning.objective import Objective
from ml.learning.residual_vq import ResidualQuantiser
from ml.learning.settings import Settings
from ml.train import main
from ml.training.start import TooLittleDataError, load_fitted
from ml.training.train import fine_tuning, train_version
from ml.versions.card import LIMITS
from ml.versions.onnx_export import DecoderGraph, export_graph
from ml.versions.onnx_parity import ExportError, check_parity, random_inputs
from tests.ml.conftest import KINDS, SMALL, simulated_visits
from uiengine.behaviour.popularity import Popularity
from uiengine.behaviour.profile import Profile, fold_visit
from uiengine.errors import VersionError
from uiengine.model.version import DECODER_INPUTS, DECODER_OUTPUTS
from uiengine.model.version_folder import load_version
from uiengine.request import Request

BANK = Path("fixtures/surfaces/bank.json")
BARE = replace(
    SMALL, swap_kinds=0.0, hide_kinds=0.0, drop_popularity=0.0, thin_popularity=0.0, drop_days=0.0
)


def small_examples(users=8, visits=2, seed=3):
    frame = simulated_visits(users, visits, seed)
    rows, surfaces = visits_of(frame), pages([frame])
    kinds = {kind: i + 1 for i, kind in enumerate(KINDS)}
    return build_examples(rows, surfaces, kinds, mean_shares(rows)), kinds


def test_eight_samples_overfit():
    made, kinds = small_examples(12)
    rows = torch.nonzero(made.inputs.context[:, 1] == 0)[:8, 0]
    few = made.only(rows)
    settings = replace(BARE, batch=8, warm_epochs=600, code_epochs=0, rate=1e-2)
    fitted = fit(few, kinds, settings, seed=0)
    with torch.no_grad():
        decoded = fitted.codec.decode(fitted.codec.encode(few.inputs), few.inputs)
    share = few.share[:]
    entropy = -(share * share.clamp(min=1e-9).log()).sum(1)
    excess = share_loss(decoded.share, share, few.inputs.mask) - entropy
    assert float(excess.mean()) < 0.05


def test_same_seed_same_weights():
    made, kinds = small_examples(30, 6)
    settings = replace(SMALL, warm_epochs=1, code_epochs=1, codes=8)
    one, two = (fit(made, kinds, settings, seed=4) for _ in range(2))
    for a, b in zip(one.codec.parameters(), two.codec.parameters(), strict=True):
        assert torch.equal(a, b)
    assert torch.equal(one.quantiser.codes, two.quantiser.codes)


@pytest.mark.parametrize(
    "idea",
    [
        {"kl": 0.1, "kl_share": 0.15},
        {"prediction": 0.1},
        {"variance": 0.1, "covariance": 0.1},
        {"rounding": True},
        {"growth": 0.05},
        {"bins": 8},
    ],
    ids=lambda idea: next(iter(idea)),
)
def test_every_idea_can_be_switched_on(idea):
    made, kinds = small_examples(30, 6)
    settings = replace(SMALL, warm_epochs=1, code_epochs=2, codes=8, batch=64, **idea)
    fitted = fit(made, kinds, settings, seed=0)
    assert all(np.isfinite(row["loss"]) for row in fitted.history)
    assert bool(fitted.kl_shares) == ("kl" in idea)


@pytest.mark.parametrize("fading", [0.85, 1.0, 1.3])
def test_beta_heads_for_the_wanted_share_and_rises_by_a_quarter_an_epoch_at_most(fading):
    """For any size of the KL gradient at β = 1, the share ends within its band."""
    settings = replace(SMALL, code_epochs=20, kl=0.5, kl_share=0.15)
    codec, quantiser = Codec(3, settings), ResidualQuantiser(settings)
    objective = Objective(settings, codec, quantiser, torch.Generator())
    betas = []
    for epoch in range(settings.code_epochs):
        betas.append(objective.beta)
        objective._measured = [(0.02 * fading**epoch * objective.beta, 1.0)]
        objective.after_epoch()
    assert betas[0] == pytest.approx(0.5 / 6)
    # by hand: a third of the way to the odds of 15 %, with the gradient of the epoch before
    assert betas[1] == pytest.approx(0.15 / 0.85 / 0.02 / 3)
    steps = np.array(betas[6:]) / np.array(betas[5:-1])
    assert steps.max() <= 1.25 + 1e-9
    later = np.array(objective.kl_shares[6:])
    assert np.mean((later >= 0.1) & (later <= 0.2)) >= 0.8


def test_the_scale_of_the_latent_does_not_switch_the_kl_off():
    """Distant codes saturate plain squared distances, but not distances in units of the error."""
    settings = replace(SMALL, codes=8, kl=0.5)
    generator = torch.Generator().manual_seed(0)
    shares = []
    for scale in (1.0, 100.0):
        codec, quantiser = Codec(3, settings), ResidualQuantiser(settings)
        latent = torch.randn(64, settings.latent, generator=torch.Generator().manual_seed(1))
        quantiser.codes[0] = scale * torch.randn(
            8, settings.latent, generator=torch.Generator().manual_seed(2)
        )
        objective = Objective(settings, codec, quantiser, generator)
        leaf = (scale * latent).requires_grad_()
        (gradient,) = torch.autograd.grad(objective._kl(leaf), leaf)
        shares.append(float(gradient.norm()) * scale)
    assert shares[0] > 1e-3
    assert shares[1] == pytest.approx(shares[0], rel=1e-3)


def test_a_different_graph_fails_parity(version_folder):
    fitted = load_fitted(version_folder)
    generator = np.random.default_rng(0)
    example = random_inputs(fitted, 3, 7, generator)
    graph = DecoderGraph(fitted.codec).eval()
    content = export_graph(graph, DECODER_INPUTS, DECODER_OUTPUTS, example)
    opsets = [(o.domain, o.version) for o in onnx.load_from_string(content).opset_import]
    assert opsets == [("", 20)], "what the oldest onnxruntime that is declared can read"
    assert check_parity(content, graph, DECODER_INPUTS, [example]) <= 1e-4
    with torch.no_grad():
        fitted.codec.decoder.share.bias += 0.01
    with pytest.raises(ExportError, match="parity"):
        check_parity(content, graph, DECODER_INPUTS, [example])


def test_card_and_manifest_say_what_was_made(version_folder):
    card = json.loads((version_folder / "card.json").read_text())
    manifest = json.loads((version_folder / "manifest.json").read_text())
    assert card["parity"]["encoder"] <= 1e-4
    assert card["parity"]["decoder"] <= 1e-4
    assert [point["bits"] for point in card["rate_distortion"]] == list(range(0, 65, 8))
    assert card["bits_per_user"]["max"] <= 64
    assert card["limits"] == list(LIMITS)
    assert card["growth"]["slots"] == sum(stage["slots"] for stage in card["stages"])
    assert card["growth"]["slots_by_epoch"]
    assert card["calibration"] == {"is_on": False}
    for graph in ("encoder_ms", "decoder_ms"):
        assert 0 < card["latency"][graph]["median"] <= card["latency"][graph]["p95"]
    assert card["hardware"]["cores"] >= 1 and card["hardware"]["peak_memory_mib"] > 0
    assert manifest["surfaces"] == ["sim"]
    assert sorted(manifest["default_orders"]["sim"]) == sorted(KINDS)
    assert ("decoder.int8.onnx" in manifest["files"]) == card["int8"]["shipped"]


def request(blocks=KINDS, visits=0, slug="sim"):
    profile = Profile()
    for day in range(visits):
        fold_visit(profile, 100 + day, [blocks[0]])
    return Request(page(slug, list(blocks)), profile, Popularity(), day=100 + visits)


def test_a_new_subject_has_the_one_innate_token(version_folder):
    version = load_version(version_folder)
    new = version.read([request(), request(("a", "b")), request(slug="elsewhere")])
    assert [d.tokens for d in new] == [new[0].tokens] * 3
    assert len(new[0].tokens) == 1


def test_reading_alone_equals_reading_in_a_batch_of_other_pages(version_folder):
    version = load_version(version_folder)
    asked = [request(visits=4), request(("x", "quiz"), 2, "other"), request()]
    together = version.read(asked)
    for one, decoded in zip(asked, together, strict=True):
        (alone,) = version.read([one])
        assert alone.tokens == decoded.tokens
        np.testing.assert_allclose(alone.share, decoded.share, atol=1e-5)
        assert decoded.share.shape == (len(one.surface.blocks),)
        assert abs(decoded.share.sum() - 1) < 1e-9
        assert decoded.side_bits == 4 * len(one.surface.blocks)


def test_bits_cap_the_tokens_and_neighbours_differ_in_one(version_folder):
    version = load_version(version_folder)
    asked = request(visits=6)
    assert len(version.read([asked], bits=8)[0].tokens) == 1
    tokens = version.read([asked])[0].tokens
    near = version.neighbours(asked, tokens, 5)
    assert 1 <= len(near) <= 5
    for decoded in near:
        assert sum(a != b for a, b in zip(decoded.tokens, tokens, strict=True)) == 1


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx", "codes.npy", "card.json"])
def test_a_damaged_file_is_refused(version_folder, tmp_path, name):
    copy_folder(version_folder, tmp_path)
    content = bytearray((tmp_path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / name).write_bytes(bytes(content))
    with pytest.raises(VersionError, match="SHA-256"):
        load_version(tmp_path)


def test_missing_unknown_and_foreign_files_are_refused(version_folder, tmp_path):
    with pytest.raises(VersionError, match=r"manifest\.json cannot be read"):
        load_version(tmp_path / "nowhere")
    copy_folder(version_folder, tmp_path)
    (tmp_path / "extra.onnx").write_bytes(b"")
    with pytest.raises(VersionError, match="not listed"):
        load_version(tmp_path)
    (tmp_path / "extra.onnx").unlink()
    (tmp_path / "codes.npy").unlink()
    with pytest.raises(VersionError, match="cannot be read"):
        load_version(tmp_path)
    manifest = tmp_path / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"format": 2', '"format": 9'))
    with pytest.raises(VersionError, match="format 9"):
        load_version(tmp_path)


def copy_folder(source: Path, target: Path) -> None:
    for path in source.iterdir():
        (target / path.name).write_bytes(path.read_bytes())


def test_a_file_of_column_names_alone_is_refused_in_words(tmp_path, capsys):
    (tmp_path / "head.csv").write_text("surface,user,at,block,uses\n")

    assert main(["--train", str(tmp_path / "head.csv"), "--out", str(tmp_path / "out")]) == 2

    told = capsys.readouterr().err
    assert "0 usable visits" in told and "Import more visits" in told
    assert not (tmp_path / "out").exists()


def test_too_little_data_is_refused_with_the_next_step(tmp_path):
    with pytest.raises(TooLittleDataError, match="Import more visits"):
        train_version(simulated_visits(2, 2, 0), tmp_path / "v")
    assert not (tmp_path / "v").exists()


def test_trains_on_from_an_innate_version_with_a_new_surface(version_folder, tmp_path):
    frame = simulated_visits(20, 5, 9).assign(surface="new")
    frame["block"] = frame["block"].replace({"video": "podcast"})
    settings = replace(Settings(), warm_epochs=0, code_epochs=1, batch=64)
    with_layouts(version_folder, carried(INNATE), tmp_path / "innate")
    card = train_version(frame, tmp_path / "v", innate=tmp_path / "innate", settings=settings)
    version = load_version(tmp_path / "v")
    assert carried(tmp_path / "v") == carried(INNATE)
    assert version.surfaces == ("new",)
    assert set(version.kinds) == {*KINDS, "podcast"}
    assert card["id"] == version.id


@pytest.mark.parametrize("visits", [30, 100, 656, 4476, 20_000, 76_799])
@pytest.mark.parametrize(
    ("is_aligned", "wanted", "largest"), [(False, 500, 256), (True, 300, 1024)]
)
def test_a_small_surface_gets_steps_enough(visits, is_aligned, wanted, largest):
    """A first version aims at 500 steps, one that goes on from a champion at 300; 8 an epoch,
    within 4 to 20 epochs."""
    chosen = fine_tuning(visits, is_aligned=is_aligned)
    steps = max(visits // chosen["batch"], 1)
    assert 64 <= chosen["batch"] <= largest
    assert steps >= min(8, max(visits // 64, 1))
    assert 4 <= chosen["code_epochs"] <= 20
    assert steps * chosen["code_epochs"] >= wanted or chosen["code_epochs"] == 20
    assert steps * chosen["code_epochs"] < wanted + steps or chosen["code_epochs"] == 4
    assert is_aligned or chosen["most_steps"] == wanted


@pytest.mark.parametrize("visits", [76_800, 100_000, 200_000, 500_000])
def test_a_large_surface_takes_at_most_500_steps_however_many_visits_it_has(visits):
    first = {"warm_epochs": 0, "code_epochs": 4, "rate": 4e-3, "batch": 256, "most_steps": 500}
    assert fine_tuning(visits) == first
    aligned = fine_tuning(visits, is_aligned=True)
    assert aligned == {**first, "rate": 1e-3, "most_steps": min(visits // 256, 500)}


def test_command_runs_with_smoke(tmp_path, capsys):
    simulated_visits(30, 6, 5).to_csv(tmp_path / "v.csv", index=False)
    arguments = ["--train", str(tmp_path / "v.csv"), "--out", str(tmp_path / "o"), "--smoke"]
    assert main([*arguments, "--innate"]) == 0
    assert json.loads(capsys.readouterr().out)["parity"]["encoder"] <= 1e-4
    assert load_version(tmp_path / "o").surfaces == ()


def test_visits_of_a_declared_page_train_for_its_blocks_in_its_groups(tmp_path, capsys):
    bank = read_surfaces([BANK])
    visits, _ = people_with_needs(bank["bank"], 12, 8, 5, "learner")
    visits.to_csv(tmp_path / "v.csv", index=False)
    simulated_visits(12, 6, 5).to_csv(tmp_path / "other.csv", index=False)
    files = ["--train", str(tmp_path / "v.csv"), str(tmp_path / "other.csv")]
    out = ["--out", str(tmp_path / "o"), "--smoke"]

    assert main([*files, "--surface", str(BANK), *out]) == 0

    version = load_version(tmp_path / "o")
    assert version.surfaces == ("bank", "sim")
    assert {block.kind for block in bank["bank"].blocks} <= set(version.kinds)
    assert set(version.own_visits) == {"bank"}  # learned for pages with groups alone
    capsys.readouterr()


@pytest.mark.parametrize(
    ("surface", "block", "told"),
    [("bank", "cafe", "is no block of bank"), ("simulated", "video", "leave its --surface")],
)
def test_a_declared_page_and_its_visits_belong_together(tmp_path, capsys, surface, block, told):
    rows = "".join(f"{surface},u,2026-01-0{day},{block},1\n" for day in range(1, 9))
    (tmp_path / "v.csv").write_text(f"surface,user,at,block,uses\n{rows}")
    files = ["--train", str(tmp_path / "v.csv"), "--surface", str(BANK)]
    assert main([*files, "--out", str(tmp_path / "o")]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("is_there", [False, True])
def test_a_start_that_is_no_whole_version_is_refused_before_anything_is_read(
    version_folder, tmp_path, capsys, is_there
):
    folder = tmp_path / "start"
    if is_there:
        folder.mkdir()
        copy_folder(version_folder, folder)
        (folder / "decoder.onnx").write_bytes(b"damaged")
    sent = ["--start", str(folder), "--edits", "missing.jsonl", "--out", str(tmp_path / "out")]

    try:
        code = main(sent)
    except SystemExit as ended:
        code = ended.code

    said = capsys.readouterr().err
    assert code == 2 and "missing.jsonl" not in said
    assert ("SHA-256" if is_there else f"argument --start: '{folder}' is no version") in said

"""Unseen layouts are decoded from at most 64 bits without overlaps, for any order of items."""

import gzip
import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ml import codec
from ml.layouts import coding
from ml.layouts.iou import matched_iou
from ml.layouts.loop import PREFIXES, Effort, fit_layouts
from ml.layouts.networks import LAYOUTS, goals_of, layout_loss, slots_of
from ml.layouts.part import export_layouts, with_layouts
from ml.layouts.records import place_features, read_records, targets, to_record
from ml.layouts.search import encode
from tests.ml.layouts.overlaps import any_overlap
from uiengine.errors import VersionError
from uiengine.model.layout_codec import FILES
from uiengine.model.version_folder import load_version

REAL = Path(__file__).parents[3] / "shared/data/layouts"
SMALL = replace(LAYOUTS, hidden=32, kind_width=16, codes=32)


def made_layout(number):
    """Simulates a row of statistics, then charts in rows of one, two or three."""
    draw = random.Random(number)
    stats, per_row, height = draw.choice([2, 3, 4]), draw.choice([1, 2, 3]), draw.choice([6, 8])
    items = [
        {"kind": "stat", "x": i * 12 // stats, "y": 0, "w": 12 // stats, "h": 4}
        for i in range(stats)
    ]
    for i in range(draw.randint(2, 7)):
        w = 12 // per_row
        y = 4 + i // per_row * height
        items.append({"kind": "chart", "x": i % per_row * w, "y": y, "w": w, "h": height})
    return {"id": f"made{number}", "source": "simulated", "columns": 12, "items": items}


@pytest.fixture(scope="module")
def fitted():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    records = [to_record(made_layout(i)) for i in range(60)]
    yield fit_layouts(records, settings=SMALL, effort=Effort(variants=1, warm=150, coded=100))
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folder(fitted, tmp_path_factory):
    """The innate version with the small layout part instead of its own."""
    out = tmp_path_factory.mktemp("versions") / "with_layouts"
    with_layouts(coding.INNATE, export_layouts(fitted, layouts=60), out)
    return out


@pytest.fixture(scope="module")
def part(folder):
    return load_version(folder).layouts


def run(tmp_path, capsys, train, test, *more):
    for name, layouts in (("train", train), ("test", test)):
        lines = [json.dumps(layout) + "\n" for layout in layouts]
        (tmp_path / f"{name}.jsonl").write_text("".join(lines))
    files = ["--train", str(tmp_path / "train.jsonl"), "--test", str(tmp_path / "test.jsonl")]
    out = tmp_path / "out.jsonl"
    threads = torch.get_num_threads()
    assert codec.main([*files, "--out", str(out), "--smoke", *more]) == 0
    torch.set_num_threads(threads)
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    return [json.loads(line) for line in out.read_text().splitlines()], summary


def test_more_bits_never_score_less_and_most_of_a_simple_layout_comes_back(part):
    records = [to_record(made_layout(i)) for i in range(1000, 1005)]

    scores = np.array([[c.score for c in encode(part, r, 8)] for r in records])

    assert (np.diff(scores, axis=1) >= 0).all()
    assert scores[:, 2].mean() > scores[:, 0].mean() + 0.1
    assert scores[:, 8].mean() > 0.5


def test_the_first_token_is_the_best_of_all_codes(part):
    record = to_record(made_layout(4000))
    scores = [
        matched_iou(record.kinds, part.boxes(record.kinds, 12, (token,)), record.boxes)
        for token in range(part.codes_in_use[0])
    ]

    coded = encode(part, record, 1)[1]

    assert coded.score == max(scores)
    assert scores[coded.tokens[0]] == coded.score


def test_decoding_needs_kinds_columns_and_tokens_only(part):
    record = to_record(made_layout(2000))
    coded = encode(part, record, 4)[-1]

    boxes = part.boxes(record.kinds, record.columns, coded.tokens)

    assert matched_iou(record.kinds, boxes, record.boxes) == coded.score


def test_shuffled_items_give_the_same_tokens_and_score(part):
    layout = made_layout(3000)
    plain, shuffled = coding.code(part, to_record(layout), 3), []
    for seed in range(2):
        items = random.Random(seed).sample(layout["items"], len(layout["items"]))
        shuffled.append(coding.code(part, to_record({**layout, "items": items}), 3))

    assert all(other.searched == plain.searched for other in shuffled)
    for other in shuffled:
        assert np.array_equal(np.stack(other.boxes), np.stack(plain.boxes))


def test_unknown_kinds_and_odd_grids_are_coded_too(part):
    layout = {"id": "odd", "columns": 7, "items": [
        {"kind": k, "x": 0, "y": y, "w": 7, "h": 1.5} for y, k in enumerate(["new", "chart", ""])
    ]}  # fmt: skip

    result = coding.code(part, to_record(layout), 2)

    assert not any_overlap(result.boxes[-1])
    assert (result.boxes[-1][:, 0] + result.boxes[-1][:, 2]).max() <= 7


@pytest.mark.parametrize("bits", ["7", "0", "20", "72"])
def test_budgets_that_are_no_whole_tokens_are_refused(bits, capsys):
    with pytest.raises(SystemExit) as left:
        files = ["--version", str(coding.INNATE), "--test", "t", "--out", "o"]
        codec.main([*files, "--bits", "8", bits])
    assert left.value.code == 2
    assert f"--bits: invalid choice: {bits}" in capsys.readouterr().err


def test_a_line_per_layout_and_budget_in_the_order_of_the_file(tmp_path, capsys):
    test = [made_layout(i) for i in (50, 51)]
    test[0]["items"].reverse()
    test.append({"id": "empty", "columns": 12, "items": []})

    lines, summary = run(
        tmp_path, capsys, [made_layout(i) for i in range(20)], test, "--bits", "8", "24"
    )

    assert [(line["id"], line["bits"]) for line in lines] == [
        (layout["id"], bits) for layout in test for bits in (8, 24)
    ]
    for line, layout in zip(lines, [layout for layout in test for _ in range(2)], strict=True):
        assert 8 * len(line["tokens"]) <= line["bits"]
        assert all(0 <= token <= 255 for token in line["tokens"])
        assert [set(i) for i in line["items"]] == [{"x", "y", "w", "h"}] * len(layout["items"])
    boxes = np.array([[i[f] for f in "xywh"] for i in lines[1]["items"]])
    kinds = [item["kind"] for item in test[0]["items"]]
    actual = np.array([[i[f] for f in "xywh"] for i in test[0]["items"]])
    assert not any_overlap(boxes)
    assert 0 < matched_iou(kinds, boxes, actual) <= 1
    assert set(summary["matched_iou"]) == {"0", "8", "24"}


def test_same_seed_same_part():
    records = [to_record(made_layout(i)) for i in range(8)]
    effort = Effort(variants=1, warm=4, coded=4)

    one, two = (fit_layouts(records, seed=3, settings=SMALL, effort=effort) for _ in range(2))

    for first, second in zip(one.codec.parameters(), two.codec.parameters(), strict=True):
        assert torch.equal(first, second)
    assert torch.equal(one.quantiser.codes, two.quantiser.codes)


def test_every_number_of_tokens_is_trained_for():
    assert len(PREFIXES) == LAYOUTS.stages + 1
    assert min(PREFIXES) > 0 and sum(PREFIXES) == pytest.approx(1)


def test_the_exported_decoder_says_what_torch_says(fitted, part):
    record, tokens = to_record(made_layout(7)), (3, 1)
    slots = slots_of([record.kinds], [12], fitted.kinds)
    latent = fitted.quantiser.codes[0, 3] + fitted.quantiser.codes[1, 1]
    with torch.no_grad():
        wanted = fitted.codec.decode(slots, latent[None])
        encoded = fitted.codec.encode(slots, goals_of([record]).place)[0]

    said = part.decode(record.kinds, 12, part.summed(tokens)[None])

    for want, have in zip(wanted, said, strict=True):
        np.testing.assert_allclose(have, want.numpy(), atol=1e-4)
    place = place_features(record, targets(record))
    np.testing.assert_allclose(part.latent(record.kinds, 12, place), encoded.numpy(), atol=1e-4)


def test_a_version_taken_as_it_is_codes_with_its_own_layout_part(folder, tmp_path, capsys):
    (tmp_path / "test.jsonl").write_text(json.dumps(made_layout(9)) + "\n")
    files = ["--test", str(tmp_path / "test.jsonl"), "--out", str(tmp_path / "o.jsonl")]

    assert codec.main(["--version", str(folder), *files, "--bits", "8", "--smoke"]) == 0

    assert json.loads(capsys.readouterr().out)["version"] == load_version(folder).id
    (line,) = map(json.loads, (tmp_path / "o.jsonl").read_text().splitlines())
    record = to_record(made_layout(9))
    assert tuple(line["tokens"]) == encode(load_version(folder).layouts, record, 1)[1].tokens


def test_only_the_layout_part_differs_from_the_version_it_was_put_into(folder):
    base, made = (json.loads((f / "manifest.json").read_text()) for f in (coding.INNATE, folder))
    others = set(base["files"]) - {*FILES, "card.json"}
    assert {n: made["files"][n] for n in others} == {n: base["files"][n] for n in others}
    assert made["id"] != base["id"]
    assert made["layouts"]["kinds"] == ["chart", "stat"]
    assert json.loads((folder / "card.json").read_text())["layouts"]["training"] == {"layouts": 60}


def test_the_layout_part_is_opened_at_its_first_use_and_damage_is_refused(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    version = load_version(tmp_path)
    (tmp_path / "layout_decoder.onnx").write_bytes(b"damaged")

    with pytest.raises(VersionError, match="SHA-256"):
        version.layouts.boxes(["chart"], 12)
    with pytest.raises(VersionError, match="SHA-256"):
        load_version(tmp_path)


def test_bad_layouts_are_refused(tmp_path, capsys):
    (tmp_path / "bad.jsonl").write_text('{"id": "a", "columns": 0, "items": []}\n')
    bad = str(tmp_path / "bad.jsonl")

    assert codec.main(["--train", bad, "--test", bad, "--out", str(tmp_path / "o")]) == 2
    assert "columns" in capsys.readouterr().err


def test_the_loss_of_a_sure_and_right_decoder_is_nothing(fitted):
    record = to_record(made_layout(1))
    slots, goals = slots_of([record.kinds], [12], fitted.kinds), goals_of([record])
    said = fitted.codec.decode(slots, torch.zeros(1, SMALL.latent))
    sure = [
        100.0 * torch.nn.functional.one_hot(wanted, logits.shape[-1])
        for wanted, logits in zip(goals[2:], said[1:], strict=True)
    ]

    loss = layout_loss(type(said)(-100.0 * goals.rank, *sure), goals, slots.mask)

    assert loss.item() == pytest.approx(0, abs=1e-4)


@pytest.mark.skipif(not REAL.exists(), reason="the real layouts are not here")
def test_real_dashboards_pack_back_from_what_is_kept():
    with gzip.open(REAL / "dashboards_val.jsonl.gz", "rt") as lines:
        assert len(read_records([REAL / "dashboards_val.jsonl.gz"])) == len(list(lines))

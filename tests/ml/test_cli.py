"""The commands' help describes their files; its example lines can be read."""

import re

import pytest

from ml import cli, clicks, codec, edits, judge, replay, simulate, train
from ml.audit import __main__ as audit
from ml.data.click_episodes import read_episodes
from ml.data.edit_pairs import read_pairs
from ml.data.json_lines import read_layouts
from ml.data.tables import VISIT_COLUMNS
from ml.evaluation.replay_lines import read_lines
from ml.experiments.__main__ import main as experiments
from ml.experiments.registry import PARTS
from ml.ope import __main__ as ope

HOLD = {
    replay: [*VISIT_COLUMNS, '"items"'],
    train: [*VISIT_COLUMNS, '"items"', '"before"', "or --start with"],
    judge: [*VISIT_COLUMNS, '"default"'],
    codec: ['"items"'],
    edits: ['"before"', '"after"'],
    clicks: ['"layout"', '"clicks"'],
}


def help_of(main, capsys) -> str:
    with pytest.raises(SystemExit):
        main(["--help"])
    return capsys.readouterr().out


@pytest.mark.parametrize("module", HOLD, ids=lambda module: module.__name__)
def test_the_help_names_what_the_files_hold(module, capsys):
    told = help_of(module.main, capsys)

    assert [name for name in HOLD[module] if not re.search(rf"(?<!\w){name}(?!\w)", told)] == []
    assert f"usage: python -m {module.__name__} " in told
    assert "DESIGN" not in told


def test_the_parts_of_experiments_are_listed_once(capsys):
    told = " ".join(help_of(experiments, capsys).split())

    for part in (part for parts in PARTS.values() for part in parts):
        assert told.count(f"'{part}'") == 1


def example(text: str, tmp_path):
    """Writes the help text's example line to a file, without the items it abbreviates."""
    line = " ".join(text[text.index("\n  {") :].split()).replace(", ...", "")
    line = line.replace('"after": [...]', '"after": ' + line.split('"before": ')[-1].split("]")[0])
    if '"before"' in line:
        line = line.removesuffix("}") + "]}"
    path = tmp_path / "example.jsonl"
    path.write_text(line + "\n")
    return path


def test_the_examples_are_read(tmp_path):
    assert len(read_layouts([example(cli.LAYOUTS, tmp_path)])[0]) == 1
    assert len(read_pairs([example(cli.EDITS, tmp_path)])) == 1
    assert list(read_episodes(example(cli.EPISODES, tmp_path))["kind"]) == ["first"]
    replayed = cli.REPLAY.replace(', "mail"],', "],").replace('"id": "mail"', '"id": "news"')
    used = {("home", "7", "2024-01-01"): ["news"]}
    assert len(list(read_lines(example(replayed, tmp_path), used))) == 1


@pytest.mark.parametrize(
    ("main", "arguments", "says"),
    [
        (train.main, ["--train", "v.csv", "--out", "FILE"], "--out: 'FILE' cannot be a folder"),
        (train.main, ["--train", "v.csv", "--out", "FILE/v"], "cannot be a folder: FILE is a file"),
        (
            replay.main,
            ["--train", "v", "--test", "v", "--out", "FOLDER"],
            "'FOLDER' is a folder: name a file",
        ),
        (codec.main, ["--test", "v", "--out", "FOLDER"], "name a file in it"),
        (simulate.main, ["--out", "FILE"], "--out: 'FILE' cannot be a folder"),
        (audit.main, ["--smoke", "--out", "FILE/x"], "cannot be a folder: FILE is a file"),
        (ope.main, ["--smoke", "--out", "FOLDER"], "'FOLDER' is a folder: name a file"),
        (experiments, ["--smoke", "--out", "FILE"], "--out: 'FILE' cannot be a folder"),
        (simulate.main, ["--out", "/proc/x"], "'/proc/x' cannot be written: /proc takes no file"),
        (ope.main, ["--smoke", "--out", "/proc/x"], "cannot be written: /proc takes no file"),
        (ope.main, ["--smoke", "--log", "FILE", "--out", "FILE"], "'FILE' is a file that is read"),
        (
            replay.main,
            ["--train", "v", "--test", "FILE", "--out", "FILE"],
            "'FILE' is a file that is read",
        ),
        (codec.main, ["--train", "v", "--test", "FILE", "--out", "FILE"], "that is read. Name"),
    ],
)
def test_what_stands_in_the_way_of_results_is_refused_before_any_work(
    main, arguments, says, tmp_path, capsys
):
    """Found after a training, it would cost the whole of it."""
    (tmp_path / "FILE").write_text("kept")
    (tmp_path / "FOLDER").mkdir()
    named = [re.sub("FILE|FOLDER", lambda m: str(tmp_path / m[0]), one) for one in arguments]

    with pytest.raises(SystemExit) as ended:
        main(named)

    assert ended.value.code == 2
    assert says in capsys.readouterr().err.replace(f"{tmp_path}/", "")
    assert (tmp_path / "FILE").read_text() == "kept"


@pytest.mark.parametrize(
    ("main", "arguments", "says"),
    [
        (simulate.main, ["--people", "0"], "--people: '0' is no whole number from 1 on"),
        (simulate.main, ["--visits", "-1"], "--visits: '-1' is no whole number from 1 on"),
        (simulate.main, ["--seed", "-1"], "--seed: '-1' is no whole number from 0 on"),
        (simulate.main, ["--surface", "s", "--named", "--people", "99"], "names for 99 people"),
        (audit.main, ["--smoke", "--seed", "-1"], "--seed: '-1' is no whole number from 0 on"),
        (train.main, ["--train", "v", "--seed", "x"], "--seed: 'x' is no whole number from 0 on"),
        (clicks.main, ["--data", "d", "--draws", "0"], "--draws: '0' is no whole number from 1 on"),
    ],
)
def test_numbers_that_cannot_be_are_refused_by_name(main, arguments, says, tmp_path, capsys):
    out = [] if main is clicks.main else ["--out", str(tmp_path / "new")]

    with pytest.raises(SystemExit) as ended:
        main([*arguments, *out])

    assert ended.value.code == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_folder_in_place_of_visits_is_called_one(tmp_path, capsys):
    assert train.main(["--train", str(tmp_path), "--out", str(tmp_path / "new")]) == 2
    assert "is a folder: name a .csv or .parquet file in it" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--previous", "--power"])
@pytest.mark.parametrize("content", [None, "", "[]", '{"slug": "bank"}'])
def test_what_an_audit_compares_with_has_to_be_of_an_audit(option, content, tmp_path, capsys):
    visits, people, other = (tmp_path / name for name in ("v.csv", "p.csv", "other.json"))
    visits.write_text("surface,user,at,block,uses\nhome,u,2026-01-01,news,1\n")
    people.write_text("user,gender\nu,F\n")
    if content is not None:
        other.write_text(content)
    files = ["--replay", "r", "--visits", str(visits), "--people", str(people), "--by", "gender"]

    code = audit.main([*files, option, str(other), "--out", str(tmp_path / "out")])

    assert code == 2
    assert f"other.json: {option} = '{other}'; must be the " in capsys.readouterr().err


def test_a_replay_that_is_stopped_leaves_no_part_of_one(tmp_path, monkeypatch):
    out = tmp_path / "replay.jsonl"
    out.write_text("the one before")

    def stopped(*args, **more):
        yield {"tokens": []}
        raise KeyboardInterrupt

    monkeypatch.setattr(replay, "replay", stopped)
    files = ["--test", "fixtures/cohort_visits.csv", "--out", str(out)]
    with pytest.raises(KeyboardInterrupt):
        replay.main(["--version", "fixtures/innate", "--smoke", *files])

    assert out.read_text() == "the one before"
    assert list(tmp_path.iterdir()) == [out]


def test_a_device_is_written_to_and_stays_one(tmp_path):
    out = tmp_path / "out"
    out.symlink_to("/dev/null")
    with cli.whole_file(out) as file:
        file.write("line")
    assert out.is_symlink() and out.is_char_device()
    assert list(tmp_path.iterdir()) == [out]

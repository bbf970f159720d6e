"""The commands' help describes their files; its example lines can be read."""

import re

import pytest

from ml import cli, clicks, codec, edits, judge, replay, train
from ml.data.click_episodes import read_episodes
from ml.data.json_lines import read_layouts
from ml.data.tables import VISIT_COLUMNS
from ml.edits import read_pairs
from ml.evaluation.replay_lines import read_lines
from ml.experiments.__main__ import main as experiments
from ml.experiments.registry import PARTS

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

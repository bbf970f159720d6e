"""The READMEs' paths, code and figures are true."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from webapp import host
from webapp.lib import schedule

README = Path("README.md").read_text()
MAKEFILE = Path("Makefile").read_text()
READMES = [
    Path("README.md"),
    *(Path(folder, "README.md") for folder in ("uiengine", "ml", "webapp", "webapp/deploy")),
]
EVERYWHERE = "".join(path.read_text() for path in READMES)
PACKAGES = ("uiengine", "ml", "webapp", "fixtures")
ELSEWHERE = ("var/", "VAR_DIR/", "mysite/", "pages/")
"""Prefixes of paths that are created at run time or by a host project."""
COMMAND_FILES = {p.stem for p in Path("webapp").glob("*/management/commands/*.py")}


def test_the_ten_lines_print_what_the_readme_says():
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL).group(1)
    expected = re.search(r"```text\n(.*?)```", README, re.DOTALL).group(1)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    assert printed.getvalue() == expected


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:`|\n)make (\w+)", EVERYWHERE))))
def test_make_targets_exist(target):
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("command", sorted(set(re.findall(r"manage\.py (\w+)", EVERYWHERE))))
def test_management_commands_exist(command):
    assert command in COMMAND_FILES | set(get_commands())


@pytest.mark.parametrize(
    "module", sorted(set(re.findall(r"python -m ((?:ml|tests)[.\w]*\w)", EVERYWHERE)))
)
def test_modules_exist(module):
    path = Path(module.replace(".", "/"))
    assert path.with_suffix(".py").exists() or (path / "__main__.py").exists()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([\w/.]+)\)", README))))
def test_links_lead_somewhere(path):
    assert Path(path).exists()


def paths_named(readme: Path) -> set[str]:
    """Returns names in backticks that look like paths of this repository, outside code blocks."""
    text = re.sub(r"```.*?```", "", readme.read_text(), flags=re.DOTALL)
    names = {name for name in re.findall(r"`([\w./]+)`", text) if not name.startswith((".", "/"))}
    paths = {name for name in names if "/" in name or name.endswith((".py", ".md", ".json"))}
    return {path for path in paths if not path.startswith(ELSEWHERE)}


def is_there(path: str, folder: Path) -> bool:
    """Looks up paths from the root or the README; a bare name may be anywhere in a package."""
    if "/" not in path and not Path(path).exists():
        return any(found for package in PACKAGES for found in Path(package).rglob(path))
    return any((f / p).exists() for f in (Path(), folder) for p in (path, f"{path}.py"))


@pytest.mark.parametrize("readme", READMES, ids=str)
def test_paths_exist(readme):
    missing = {path for path in paths_named(readme) if not is_there(path, readme.parent)}
    assert missing == set()


def tree() -> set[str]:
    """Yields paths of the README's tree: two spaces of indent per folder, names with commas."""
    found, folders = set(), []
    block = README.split("## The tree\n```text\n")[1].split("```")[0]
    for line in block.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        names = re.match(r"[^\s,]+(, [^\s,]+)*", line.strip())[0].split(", ")
        found |= {"/".join([*folders[:depth], name.rstrip("/")]) for name in names}
        folders[depth:] = [names[0].rstrip("/")]
    return found


def test_every_path_of_the_tree_exists():
    assert {path for path in tree() if not Path(path).exists()} == set()


def test_the_tree_lists_every_room():
    files = [path for package in PACKAGES for path in Path(package).rglob("__init__.py")]
    aside = {"management", "commands", "migrations", "templatetags", "node_modules"}
    rooms = {str(path.parent) for path in files if not aside & set(path.parts)}
    assert rooms - tree() == set()


def test_the_tree_lists_every_top_level_name():
    code = {"manage.py", "uiengine", "ml", "webapp", "fixtures", "tests"}
    texts = {"requirements.txt", "Makefile", "pyproject.toml", "README.md", "CHANGELOG.md"}
    assert code | texts | {"LICENSE", ".ci"} <= tree()


def test_what_runs_by_itself_is_the_schedule():
    rows = set(re.findall(r"^\| (?:at|every) [^|]+ \| `[\w.]+` \|", README, re.MULTILINE))
    assert rows == {f"| {entry.when} | `{entry.task}` |" for entry in schedule.TABLE}


def test_lines_of_the_readme_fit_a_screen():
    """Tables and printed output may be wider."""
    text = re.sub(r"```text\n.*?```", "", README, flags=re.DOTALL)
    long = [line for line in text.splitlines() if len(line) > 100 and not line.startswith("|")]
    assert long == []


def test_figures_are_those_of_the_evidence_run():
    """Every row of the table of figures is a line of ml/EVIDENCE.jsonl."""
    lines = [json.loads(line) for line in Path("ml/EVIDENCE.jsonl").read_text().splitlines()]
    section = README.split("## How it was measured")[1].split("\n## ")[0]
    rows = [r.strip("| \n").split(" | ") for r in section.splitlines() if r.startswith("| `")]
    assert rows
    for policy, surface, *numbers in rows:
        found = next(
            line
            for line in lines
            if line.get("surface") == surface
            and line["command"].endswith(f"{policy.strip('`')}.jsonl")
        )
        wanted = [
            f"{100 * found['captured']:.1f} %",
            f"{100 * found['captured_first_three']:.1f} %",
            f"{found['seconds']:.3f}",
            f"{found['reading']:.2f}",
            f"{found['moved']:.2f}",
        ]
        assert numbers == wanted, policy


def test_the_changelog_names_every_path_that_a_host_has_to_change():
    changelog = Path("CHANGELOG.md").read_text()
    for old, new in host.MOVED.items():
        assert re.search(rf"`{re.escape(old)}` [^|]*\| `{re.escape(new)}` \|", changelog)


@pytest.mark.parametrize("path", [*READMES, Path("CHANGELOG.md"), Path("ml/LOG.md")], ids=str)
def test_no_merge_was_left_half_done(path):
    assert not re.search(r"^(<{7}|>{7}) ", path.read_text(), re.MULTILINE)

"""Each rule has one file, one sentence, one test file and one line in the README."""

from pathlib import Path

import uiengine.guardrails as guardrails

RULES = {rule.__name__.rsplit(".", 1)[-1] for rule in guardrails.RULES}
PACKAGE = Path(guardrails.__file__).parent
NOT_RULES = {"__init__", "case"}


def test_every_rule_file_is_listed():
    assert {p.stem for p in PACKAGE.glob("*.py")} - NOT_RULES == RULES


def test_every_rule_has_a_test_file():
    tests = {p.stem.removeprefix("test_") for p in Path(__file__).parent.glob("test_*.py")}
    assert tests - {"rules"} == RULES


def test_every_rule_states_itself_in_the_readme():
    readme = (PACKAGE.parent / "README.md").read_text()
    for rule in guardrails.RULES:
        name = rule.__name__.rsplit(".", 1)[-1]
        assert f"| `{name}` | {rule.SENTENCE} |" in readme

from pathlib import Path

from uiengine.cost.coefficients import COEFFICIENTS


def test_the_readme_lists_every_coefficient_as_it_is():
    readme = Path("uiengine/README.md").read_text()
    for c in COEFFICIENTS:
        row = f"| `{c.name}` | {c.default:g} | {c.unit} | {c.source} | {c.meaning} |"
        assert row in readme

"""Attributes leave their table only as aggregates, for audits, and for the people themselves."""

from __future__ import annotations

from pathlib import Path

MAY_READ = {
    "subjects/models.py": "the table",
    "subjects/imports/key_table.py": "asks whether there are any",
    "subjects/imports/attributes.py": "writes them, from a file of people",
    "subjects/attributes.py": "hands them to audits, and to the choice of a refresh's batch",
    "privacy/attribute_retention.py": "takes out what was kept long enough",
    "privacy/export.py": "a person's own",
    "privacy/merge.py": "moves a visitor's to the user",
    "studio/usage.py": "sums per code for the gallery, in which few people are merged",
}


def test_no_other_module_reads_them():
    found = {
        str(path.relative_to("webapp"))
        for path in Path("webapp").rglob("*.py")
        if "migrations" not in path.parts
        and any(
            word in path.read_text()
            for word in ("PersonalAttributes", ".attributes.", "attributes__")
        )
    }

    assert found == set(MAY_READ)


def test_only_jobs_of_the_workers_ask_for_people():
    asking = {
        str(path.relative_to("webapp"))
        for path in Path("webapp").rglob("*.py")
        if "people_of" in path.read_text()
    }

    assert asking == {
        "subjects/attributes.py",
        "audits/jobs.py",
        "codebooks/pipeline/churn/jobs.py",
        "codebooks/pipeline/collecting/jobs.py",
        "trials/rehearsals/jobs.py",
    }

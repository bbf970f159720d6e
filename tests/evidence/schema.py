"""Runs schemathesis at length: `python -m tests.evidence.schema --examples 1000`."""

from __future__ import annotations

import argparse
import json
import os
import sys

import pytest

TESTS = "tests/webapp/strangers/test_schema.py"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1000, help="per operation, at random")
    options = parser.parse_args()
    os.environ["STRANGERS"] = str(options.examples)
    code = int(pytest.main(["-q", "-o", "timeout=3600", TESTS]))
    kind = os.environ.get("DATABASE_URL", "sqlite").partition(":")[0]
    line = {"schemathesis_examples": options.examples, "database": kind}
    print(json.dumps({**line, "failed": int(code != 0)}))
    return code


if __name__ == "__main__":
    sys.exit(main())

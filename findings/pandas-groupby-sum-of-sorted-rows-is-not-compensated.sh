#!/usr/bin/env bash
# Guess: groupby().sum() adds each group up with compensation (Kahan), so a group's sum follows from
#   its own rows in their order; other groups of the table do not matter.
# Really: since pandas 3.1, where the rows lie sorted by group and hold no missing value, sum and
#   mean go to numpy's reduceat, without compensation. So the same rows of one group in the same
#   order have another sum as soon as another group's row comes before them, or as another group has
#   a missing value. Figures that are compared bit by bit between shards, or sums of squares with a
#   large term, change with who else is in the table.
# Versions: pandas 3.1.1 (3.0.0 is as guessed), numpy 2.4.6, Python 3.11.
# Source: https://github.com/pandas-dev/pandas/pull/65103 (PERF: use ufunc.reduceat for sorted
#   groupby aggregations)
# Seen: of 100 people's sums of 60 values, those that are the nearest number to the true sum: pandas
#   3.0.0 80 sorted, 80 unsorted, 80 sorted beside a missing value; pandas 3.1.1 42, 80, 80.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv env
cat >try.py <<'PY'
import math

import numpy as np
import pandas as pd

rng = np.random.default_rng(0)
people = np.repeat(np.arange(100), 60)
table = pd.DataFrame({"person": people, "seconds": rng.lognormal(0.0, 3.0, len(people))})
exact = table.groupby("person")["seconds"].apply(math.fsum)


def right(rows: pd.DataFrame) -> int:
    """Of how many people the sum is the nearest number to the true one."""
    return int((rows.groupby("person")["seconds"].sum()[:100] == exact).sum())


moved = pd.concat([table[60:], table[:60]])  # the first person's rows last; each one's order stays
missing = pd.concat([table, pd.DataFrame({"person": [100], "seconds": [np.nan]})])
print(f"pandas {pd.__version__}:", right(table), right(moved), right(missing))
PY
for version in 3.0.0 3.1.1; do
  env/bin/pip install -q "pandas==$version" numpy==2.4.6
  env/bin/python try.py
done | tee seen
grep -qx 'pandas 3.0.0: 80 80 80' seen
grep -Eqx 'pandas 3.1.1: [1-6][0-9] 80 80' seen

#!/usr/bin/env bash
# Guess: OMP_THREAD_LIMIT=1 keeps workers that share a host's cores from crowding each other: nearest
#   neighbours, by which bandits and quantisers are compared, then take one core and longer.
# Really: kneighbors answers without a warning, with indices and distances that are what the memory
#   held before (mostly 0, sometimes far beyond the last row). Each thread keeps its best in a heap of
#   its own, and as many heaps are merged as threads were asked for; those of threads that OpenMP did
#   not grant were never filled. OMP_NUM_THREADS=1 is safe.
# Needs two cores or more: with one scikit-learn asks for one thread.
# Versions: scikit-learn 1.9.1, numpy 2.4.6, Python 3.11.
# Source: sklearn/metrics/_pairwise_distances_reduction/_argkmin.pyx.tp and _base.pyx.tp
#   (_parallel_on_Y, effective_n_threads)
# Seen: right neighbours for 1,000 of 1,000 rows as it is and with OMP_NUM_THREADS=1; for at most a
#   few with OMP_THREAD_LIMIT=1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv env
env/bin/pip install -q scikit-learn==1.9.1 numpy==2.4.6
cat >try.py <<'PY'
import sys

import numpy as np
from sklearn.neighbors import NearestNeighbors

rng = np.random.default_rng(0)
known, asked = rng.normal(size=(2861, 20)), rng.normal(size=(1000, 20))
found = NearestNeighbors(n_neighbors=50, algorithm="brute").fit(known).kneighbors(asked)[1]
distances = ((asked[:, None] - known[None]) ** 2).sum(2)
exact = np.sort(np.argsort(distances, axis=1)[:, :50], axis=1)
right = int((np.sort(found, axis=1) == exact).all(axis=1).sum())
print(f"{sys.argv[1]}: {'nearly none' if right < 100 else right} of 1000 right")
PY
unset OMP_NUM_THREADS OMP_THREAD_LIMIT
{
    env/bin/python try.py "as it is"
    OMP_NUM_THREADS=1 env/bin/python try.py OMP_NUM_THREADS=1
    OMP_THREAD_LIMIT=1 env/bin/python try.py OMP_THREAD_LIMIT=1
} | tee seen
diff seen - <<'SEEN'
as it is: 1000 of 1000 right
OMP_NUM_THREADS=1: 1000 of 1000 right
OMP_THREAD_LIMIT=1: nearly none of 1000 right
SEEN

"""Learns which of two layouts of the same blocks people prefer, from their rearrangements.

    python -m ml.edits --train edits.jsonl.gz --test unseen.jsonl

Only edits that keep the set of blocks count. A linear utility and a forest over differences of
`ml.layouts.features`, averaged, learn to rank *after* above *before*; a pair without a difference
counts half. Baselines: a lower page, a denser page, a page without gaps (reflow), the engine's
pointing time.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from ml.cli import EDITS, command, progress_bar
from ml.data.edit_pairs import Pair, read_pairs
from ml.data.errors import DataError
from ml.layouts.features import arrangement, density, features, height, reflow, seconds

Floats = npt.NDArray[np.float64]

STRENGTH = 0.003
"""Inverse L2 penalty, chosen by cross-validation over repositories."""
TREES, LEAF = 300, 4
"""Number of trees of the forest, and fewest pairs in a leaf."""
LEAST_PAIRS = 3
"""Features that differ in fewer pairs are left out."""
MOST = 3.0
"""Differences are clipped at this many standard deviations."""
CLASS_POWER = 0.5
"""Exponent for changes of the `class …` features, which are shares of blocks. The square root
raises small changes: one block in twenty, 0.05, becomes 0.22."""
FOLDS = 10


Row = tuple[dict[str, float], dict[str, float]]


def describe(pair: Pair) -> Row:
    """Returns the features of before and after."""
    before, after = (arrangement(side, pair.columns) for side in (pair.before, pair.after))
    return features(before), features(after)


class TooFewPairsError(ValueError):
    """Nothing can be learned from the pairs."""


class Preference:
    """Ranks two layouts; swapping them changes the sign of the margin."""

    def __init__(self, rows: Sequence[Row], seed: int = 0) -> None:
        """Raises TooFewPairsError where no feature differs in LEAST_PAIRS pairs."""
        self.names = DictVectorizer(sparse=False).fit([side for row in rows for side in row])
        change = self._change(rows)
        self.used = (np.abs(change) > 1e-12).sum(0) >= LEAST_PAIRS
        if not self.used.any():
            raise TooFewPairsError(
                f"{len(rows)} edit(s) keep their set of blocks, and no feature of a layout differs "
                f"in {LEAST_PAIRS} of them. Name files with more edits to learn from"
            )
        self.scale = np.sqrt((change**2).mean(0))[self.used] + 1e-9
        scaled = self._scaled(change)
        both = np.concatenate([scaled, -scaled])
        is_after = np.repeat([1, 0], len(scaled))
        model = LogisticRegression(C=STRENGTH, fit_intercept=False, max_iter=2000)
        self.weights: Floats = model.fit(both, is_after).coef_[0]
        self.forest = RandomForestClassifier(TREES, min_samples_leaf=LEAF, random_state=seed)
        self.forest.fit(both, is_after)

    def margins(self, rows: Sequence[Row]) -> Floats:
        """Returns the preference for after over before, −2 to 2, (rows,)."""
        change = self._scaled(self._change(rows))
        voted = self.forest.predict_proba(change)[:, 1] - self.forest.predict_proba(-change)[:, 1]
        return np.asarray(np.tanh(change @ self.weights / 2) + voted)

    def _change(self, rows: Sequence[Row]) -> Floats:
        before, after = (self.names.transform([row[side] for row in rows]) for side in (0, 1))
        change: Floats = after - before
        is_class = np.char.startswith(self.names.get_feature_names_out().astype(str), "class ")
        change[:, is_class] = (
            np.sign(change[:, is_class]) * np.abs(change[:, is_class]) ** CLASS_POWER
        )
        return change

    def _scaled(self, change: Floats) -> Floats:
        return np.asarray(np.clip(change[:, self.used] / self.scale, -MOST, MOST))


def accuracy(margins: Floats) -> float:
    """Returns the share of pairs with after ranked above before; ties count half."""
    ties = np.abs(margins) <= 1e-9
    return float(((margins > 0) & ~ties).mean() + ties.mean() / 2)


def baseline_margins(pairs: Sequence[Pair]) -> dict[str, Floats]:
    """Returns the margins of simple rules, by name."""
    rules: dict[str, Callable[[Sequence[Mapping[str, Any]], float], float]] = {
        "height": lambda items, columns: -height(arrangement(items, columns)),
        "density": lambda items, columns: density(arrangement(items, columns)),
        "reflow": lambda items, columns: -reflow(items),
        "energy": lambda items, columns: -seconds(arrangement(items, columns)),
    }
    return {
        name: np.array([rule(p.after, p.columns) - rule(p.before, p.columns) for p in pairs])
        for name, rule in rules.items()
    }


def cross_validated(rows: Sequence[Row], groups: Sequence[str]) -> Floats | None:
    """Returns margins of every pair, from models that saw no pair of its group.

    None where there is one group, or too few pairs without some of the groups.
    """
    if len(set(groups)) < 2:
        return None
    margins = np.zeros(len(rows))
    folds = GroupKFold(min(FOLDS, len(set(groups))))
    for seen, unseen in folds.split(np.zeros(len(rows)), groups=list(groups)):
        try:
            preference = Preference([rows[i] for i in seen])
        except TooFewPairsError:
            return None
        margins[unseen] = preference.margins([rows[i] for i in unseen])
    return margins


def _deviation(margins: Floats) -> float:
    share = accuracy(margins)
    return float(np.sqrt(share * (1 - share) / len(margins)))


def study(train: Sequence[Pair], test: Sequence[Pair]) -> dict[str, Any]:
    """Returns accuracies on all test pairs and on those of repositories unseen in training."""
    bar, show = progress_bar("describing layouts")
    pairs, rows = [*train, *test], []
    with bar:
        for pair in pairs:
            rows.append(describe(pair))
            show(len(rows) / len(pairs), pair.repo)
    seen, unseen = rows[: len(train)], rows[len(train) :]
    margins = Preference(seen).margins(unseen)
    known = {pair.repo for pair in train}
    new = np.array([pair.repo not in known for pair in test])
    crossed = cross_validated(seen, [pair.repo for pair in train])
    return {
        "pairs": len(test),
        "trained_on": len(train),
        "accuracy": round(accuracy(margins), 4),
        "standard_error": round(_deviation(margins), 4),
        "accuracy_new_repositories": round(accuracy(margins[new]), 4) if new.any() else None,
        "pairs_new_repositories": int(new.sum()),
        "cross_validated_over_repositories": (
            None if crossed is None else round(accuracy(crossed), 4)
        ),
        "baselines": {
            name: round(accuracy(value), 4) for name, value in baseline_margins(test).items()
        },
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = command("ml.edits", __doc__, EDITS)
    parser.add_argument("--train", nargs="+", required=True, help="files of edits to learn from")
    parser.add_argument("--test", nargs="+", required=True, help="files of edits to judge")
    parser.add_argument("--smoke", action="store_true", help="a few pairs: ends within seconds")
    options = parser.parse_args(arguments)
    try:
        train, test = read_pairs(options.train), read_pairs(options.test)
    except DataError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if not train or not test:
        sys.stderr.write("no edit keeps its set of blocks in --train or in --test\n")
        return 2
    if options.smoke:
        train, test = train[:40], test[:20]
    try:
        found = study(train, test)
    except TooFewPairsError as error:
        sys.stderr.write(f"{', '.join(options.train)}: {error}\n")
        return 2
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The experiments' tables, each from the JSON lines of its experiments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

from ml.experiments.judging import Line


def of(lines: Sequence[Line], experiment: str, **where: Any) -> list[Line]:
    wanted = {"experiment": experiment, **where}
    return [line for line in lines if all(line.get(k) == v for k, v in wanted.items())]


def surfaces(lines: Sequence[Line]) -> list[str]:
    return sorted({line["surface"] for line in lines if "surface" in line})


Table = tuple[str, list[str], list[list[str]]]
OVER_SEEDS = (
    ("captured", "eager"),
    ("captured_first_three", "first three"),
    ("tokens_captured", "tokens"),
    ("tokens_16", "at 16 bits"),
    ("tokens_8", "at 8 bits"),
    ("spent_bits", "bits spent"),
    ("coded_bits", "bits coded"),
)


def tables(lines: Sequence[Line]) -> list[Table]:
    """Returns title, head and rows of every table that has lines."""
    made = [
        _policies(lines),
        _bits(lines),
        _layouts(lines),
        _few_shot(lines),
        _recipe(lines),
        _ablations(lines),
        _usage(lines),
        _limits(lines),
        _calibration(lines),
        _unseen(lines),
        _lock_in(lines),
        _retrains(lines),
    ]
    return [table for table in made if table[2]]


def _number(value: Any, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _wide(found: Sequence[Line], key: str, columns: Sequence[tuple[str, str]]) -> Table:
    """Builds a row per value of `key`, repeating the columns per surface."""
    names = list(dict.fromkeys(line[key] for line in found))
    slugs = surfaces(found)
    head = [key, *(f"{slug} {title}" for slug in slugs for _, title in columns)]
    cell = {(line[key], line["surface"]): line for line in found}
    rows = []
    for name in names:
        row = [str(name)]
        for slug in slugs:
            line = cell.get((name, slug), {})
            row += [_number(line.get(column)) for column, _ in columns]
        rows.append(row)
    return "", head, rows


def _policies(lines: Sequence[Line]) -> Table:
    found = [*of(lines, "curves", kind="policy"), *of(lines, "peers"), *of(lines, "codebooks")]
    columns = [
        ("captured", "all"),
        ("captured_first_three", "first three"),
        ("seconds", "seconds"),
        ("reading", "reading"),
        ("moved", "moved"),
    ]
    return ("Ours and peers", *_wide(found, "policy", columns)[1:])


def _bits(lines: Sequence[Line]) -> Table:
    found = of(lines, "curves", kind="bits", policy="tokens")
    columns = [("captured", "all"), ("captured_first_three", "first three")]
    return ("Bits a user may spend, tokens alone", *_wide(found, "bits", columns)[1:])


def _layouts(lines: Sequence[Line]) -> Table:
    rows = [
        [
            f"{line['part']} ({line['layouts']})",
            str(line["bits"]),
            _number(line["matched_iou"]),
            _number(line["without_search"]),
        ]
        for line in of(lines, "layouts")
    ]
    head = ["layouts of", "bits", "matched IoU", "without search"]
    return ("Bits of a layout that people made", head, rows)


def _retrains(lines: Sequence[Line]) -> Table:
    columns = [
        ("moved", "moved a person"),
        ("people_moved", "people moved"),
        ("first_token_kept", "first token kept"),
        ("engine", "captured"),
        ("eager", "captured, eager"),
        ("seconds", "s"),
    ]
    return ("A retrain from four starts", *_wide(of(lines, "retrains"), "part", columns)[1:])


def _few_shot(lines: Sequence[Line]) -> Table:
    found = of(lines, "curves", kind="few_shot")
    past = sorted({line["past"] for line in found})
    rows = [
        [
            f"{slug}, {policy}",
            *(
                _number(next((x["captured"] for x in mine if x["past"] == p), None), 2)
                for p in past
            ),
        ]
        for slug in surfaces(found)
        for policy in dict.fromkeys(line["policy"] for line in found)
        if (mine := [x for x in found if x["surface"] == slug and x["policy"] == policy])
    ]
    head = ["policy", *(f"{p}{'+' if p > 2 else ''}" for p in past)]
    return ("Captured gain by number of past visits", head, rows)


def _recipe(lines: Sequence[Line]) -> Table:
    """Tabulates ideas over seeds: the default's mean, the others' difference from it by pairs of
    seeds, with 95 % intervals (Student's t)."""
    found = of(lines, "recipe")
    slugs, names = surfaces(found), list(dict.fromkeys(line["part"] for line in found))
    cell = {(x["part"], x["surface"], x["seed"]): x for x in found}
    head = ["idea", "seeds", *(f"{slug} {title}" for slug in slugs for _, title in OVER_SEEDS)]
    rows = []
    for name in names:
        seeds = sorted({x["seed"] for x in found if x["part"] == name})
        row = [name, str(len(seeds))]
        for slug in slugs:
            for key, _ in OVER_SEEDS:
                values = [cell[name, slug, seed][key] for seed in seeds]
                first = [cell[names[0], slug, seed][key] for seed in seeds if name != names[0]]
                row.append(_interval(values, first))
        rows.append(row)
    return ("Ideas over seeds", head, rows)


def _interval(values: Sequence[float], first: Sequence[float]) -> str:
    """Writes a mean, or where `first` has the values to compare with, the mean difference."""
    each = np.subtract(values, first) if first else np.array(values)
    digits = 1 if abs(np.mean(values)) >= 1 else 4
    mean = f"{each.mean():{'+' if first else ''}.{digits}f}"
    if len(each) < 2:
        return mean
    half = stats.t.ppf(0.975, len(each) - 1) * each.std(ddof=1) / np.sqrt(len(each))
    return f"{mean} ± {half:.{digits}f}"


def _ablations(lines: Sequence[Line]) -> Table:
    found = of(lines, "ablations")
    columns = [
        ("captured", "eager"),
        ("captured_first_three", "first three"),
        ("tokens_captured", "tokens"),
        ("mean_tokens", "spent"),
    ]
    _, head, rows = _wide(found, "variant", columns)
    facts = {line["variant"]: line for line in found}
    for row in rows:
        fact = facts[row[0]]
        row += [_number(fact.get("used")), _number(fact.get("perplexity"), 0)]
        row.append(_number(fact.get("kl_within_band"), 2))
    return ("Each idea switched alone", [*head, "slots used", "perplexity", "KL in band"], rows)


def _usage(lines: Sequence[Line]) -> Table:
    names = ("stage", "slots", "used_slots", "spent_slots", "perplexity", "entropy_bits")
    rows = [[str(line[n]) for n in names] for line in of(lines, "curves", kind="usage")]
    head = ["stage", "slots", "used", "used as served", "perplexity", "entropy, bits"]
    return ("Codes that held-out users use", head, rows)


def _limits(lines: Sequence[Line]) -> Table:
    """Tabulates what a limit on the visits learned from costs; a row per limit and seed."""
    found = [{**x, "limit": f"{x['part']}, seed {x['seed']}"} for x in of(lines, "limits")]
    columns = [("captured", "all"), ("captured_first_three", "first three")]
    _, head, rows = _wide(found, "limit", columns)
    facts = {line["limit"]: line for line in found}
    for row in rows:
        row += [f"{facts[row[0]][name]:,.0f}" for name in ("learned_visits", "train_seconds")]
    return ("Visits that are learned from", [*head, "visits", "seconds"], rows)


def _calibration(lines: Sequence[Line]) -> Table:
    """Tabulates demand with the side input, as trained and as calibrated."""
    names = ("log_loss", "brier", "calibration_error")
    rows = []
    for line in of(lines, "calibration"):
        side = line["measured"]["side"]
        row = [line["surface"], line["part"], line["calibrated_on"]]
        row += [_number(side[when][name], 4) for name in names for when in ("before", "after")]
        rows.append([*row, _number(line["captured"])])
    measured = [
        f"{name.replace('_', ' ')}{when}" for name in names for when in ("", ", calibrated")
    ]
    head = ["surface", "trained", "calibrated on", *measured, "captured gain"]
    return ("Demand as trained and calibrated", head, rows)


def _unseen(lines: Sequence[Line]) -> Table:
    columns = [("captured_first", "first"), ("captured", "all")]
    found = _wide(of(lines, "unseen"), "policy", columns)
    return ("A course left out of training, against alphabetical order", *found[1:])


def _lock_in(lines: Sequence[Line]) -> Table:
    found = of(lines, "lock_in")
    rounds = sorted({line["retrains"] for line in found})
    rows = []
    for learner in dict.fromkeys(line["learner"] for line in found):
        mine = {x["retrains"]: x for x in found if x["learner"] == learner}
        for key, words in (("captured", "captured gain"), ("rare_found", "rare needs met")):
            values = [_number(mine[r][key], 2) if r in mine else "-" for r in rounds]
            rows.append([f"{learner}, {words}", *values])
    return ("Simulated people over retrains", ["learner", *map(str, rounds)], rows)

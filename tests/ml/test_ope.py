"""Off-policy estimates: by hand, by enumeration of every draw, and on simulated logs."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from scipy import stats

from ml.data.errors import DataError
from ml.ope import __main__, coverage
from ml.ope.estimates import effective_size, estimates, numbered, ratio_interval, user_sums
from ml.ope.log import LoggedVisit, read_decisions
from ml.ope.reward import predicted_rewards
from ml.ope.simulation import draw_log, make_world, write_example
from ml.ope.support import NoSupportError, join, supported_visits

AB, BA = ("a", "b"), ("b", "a")


def visit(user, chosen, reward, logged=(0.8, 0.2), target=(0.0, 1.0)):
    probabilities = np.array(logged), np.array(target)
    return LoggedVisit(user, "page", (AB, BA), *probabilities, None, chosen, reward)


def line(user="u", seen="1", layout=AB, share=0.8, reward=-1.0, **more):
    candidates = [{"layout": AB, "propensity": 0.8}, {"layout": BA, "propensity": 0.2}]
    named = {"user": user, "surface": "page", "visit": seen, "layout": layout}
    return {**named, "propensity": share, "reward": reward, "candidates": candidates, **more}


def written(path, lines):
    path.write_text("\n".join(json.dumps(one) for one in lines) + "\n")
    return path


def log_of(tmp_path, users=60, **more):
    """Builds a log in which every fifth visit explores, in line with the propensities."""
    lines = [
        line(
            user=f"u{i}", layout=BA if i % 5 == 0 else AB, share=0.2 if i % 5 == 0 else 0.8, **more
        )
        for i in range(users)
    ]
    return written(tmp_path / "log.jsonl", lines)


def target_of(tmp_path, layout, users=60):
    lines = [line(user=f"u{i}", candidates=None, layout=layout, share=1.0) for i in range(users)]
    return written(tmp_path / "target.jsonl", lines)


def test_ips_and_snips_by_hand():
    visits = [visit("u", 1, -1.0), visit("u", 0, -9.0), visit("v", 0, -9.0), visit("w", 1, -2.0)]

    found = estimates(visits)

    # The two explored visits have weight 1 / 0.2 = 5, the others 0; the served mean was −21/4.
    assert found["ips"].value == pytest.approx((5 * -1 + 5 * -2) / 4)
    assert found["snips"].value == pytest.approx((5 * -1 + 5 * -2) / 10)
    assert found["snips"].difference == pytest.approx(-1.5 + 21 / 4)


def test_doubly_robust_is_its_formula():
    rng = np.random.default_rng(0)
    visits = [
        visit(f"u{i % 7}", int(i % 5 == 0), -rng.uniform(1, 2), target=(0.3, 0.7))
        for i in range(40)
    ]
    expected = predicted_rewards(visits, numbered([v.user for v in visits]))
    total = 0.0
    for v, q in zip(visits, expected, strict=True):
        weight = v.target[v.chosen] / v.logged[v.chosen]
        total += 0.3 * q[0] + 0.7 * q[1] + weight * (v.reward - q[v.chosen])

    assert estimates(visits)["dr"].value == pytest.approx(total / 40)


@pytest.mark.parametrize("name", ["ips", "dr"])
def test_the_mean_over_every_possible_log_is_the_truth(name):
    """Enumerates all 64 logs of six people with two layouts each, with their probabilities."""
    rewards = -np.random.default_rng(1).uniform(1, 3, (6, 2))
    logged, target = (0.7, 0.3), (0.4, 0.6)

    mean = 0.0
    for draws in itertools.product((0, 1), repeat=6):
        log = [
            visit(f"u{i}", chosen, rewards[i, chosen], logged, target)
            for i, chosen in enumerate(draws)
        ]
        mean += math.prod(logged[chosen] for chosen in draws) * estimates(log)[name].value

    assert mean == pytest.approx(float((rewards @ target).mean()))


def test_the_interval_leaves_users_out_one_by_one():
    visits = [visit(f"u{i % 8}", int(i % 3 == 0), -1.0 - i / 10) for i in range(30)]
    users = numbered([v.user for v in visits])
    sums = user_sums(visits, users)["snips"]

    value, (low, high) = ratio_interval(sums, against=1.0)

    def difference(of):
        weights = np.array([v.weight for v in of])
        rewards = np.array([v.reward for v in of])
        return float((weights * rewards).sum() / weights.sum() - rewards.mean())

    without = np.array([difference([v for v in visits if v.user != f"u{i}"]) for i in range(8)])
    parts = (without - without.mean()) ** 2
    freedom = 2 / ((parts**2).sum() / parts.sum() ** 2 - 1 / 8)
    reach = stats.t.ppf(0.975, freedom) * math.sqrt(7 / 8 * parts.sum())
    assert value == pytest.approx(difference(visits))
    assert (low, high) == pytest.approx((value - reach, value + reach))


def test_more_visits_of_the_same_people_do_not_narrow_the_interval():
    once = [visit(f"u{i}", int(i % 5 == 0), -1.0 - i % 3) for i in range(60)]

    narrow, wide = estimates(once * 9)["snips"].interval, estimates(once)["snips"].interval

    assert narrow == pytest.approx(wide)


def test_effective_size_by_hand():
    assert effective_size(np.array([1.0, 1.0, 1.0, 0.0])) == pytest.approx(3)
    assert effective_size(np.array([3.0, 1.0])) == pytest.approx(16 / 10)


def test_nobodys_rewards_are_predicted_from_themselves():
    rng = np.random.default_rng(2)
    visits = [visit(f"u{i % 9}", int(rng.random() < 0.3), -rng.uniform(1, 2)) for i in range(50)]
    users = numbered([v.user for v in visits])
    worse = [visit(v.user, v.chosen, -100.0) if v.user == "u0" else v for v in visits]

    before, after = predicted_rewards(visits, users), predicted_rewards(worse, users)

    own = [np.array_equal(a, b) for a, b, v in zip(before, after, visits, strict=True)]
    assert [same for same, v in zip(own, visits, strict=True) if v.user == "u0"] == [True] * 6
    assert not all(own)


def test_a_better_target_is_called_better(tmp_path):
    lines = [
        line(user=f"u{i}", layout=BA, share=0.2, reward=-1.0 - 0.01 * (i % 7))
        if i % 5 == 0
        else line(user=f"u{i}", reward=-2.0 - 0.01 * (i % 7))
        for i in range(300)
    ]
    log = written(tmp_path / "log.jsonl", lines)

    report = __main__.compare(log, target_of(tmp_path, BA, 300))

    assert report["target_is"] == "better"
    assert report["estimates"]["dr"]["value"] == pytest.approx(-1.03, abs=0.01)
    assert (report["visits"], report["users"], report["overlap"]) == (300, 300, 1.0)
    assert report["effective_users"] == pytest.approx(60)
    assert report["mean_weight"] == pytest.approx(1.0)


def test_a_log_without_exploration_is_refused(tmp_path, capsys):
    log = written(
        tmp_path / "log.jsonl",
        [line(user=f"u{i}", share=1.0, candidates=None) for i in range(60)],
    )
    target, out = target_of(tmp_path, AB), tmp_path / "out.json"

    status = __main__.main(["--log", str(log), "--target", str(target), "--out", str(out)])

    assert status == 2 and not out.exists()
    assert "no exploration: every logged propensity is 1" in capsys.readouterr().err


def test_a_target_that_the_log_never_serves_is_refused(tmp_path):
    log = read_decisions(log_of(tmp_path), is_log=True)
    target = read_decisions(target_of(tmp_path, ("b", "a", "c")), is_log=False)

    with pytest.raises(NoSupportError, match=r"no support: at 60 of 60 visits.*100 %"):
        supported_visits(join(log, target))


def test_visits_without_support_can_be_left_out_on_request():
    visits = [visit(f"u{i}", int(i % 5 == 0), -1.0) for i in range(100)]
    visits += [visit(f"u{i}", 0, -1.0, logged=(1.0, 0.0)) for i in range(20)]

    with pytest.raises(NoSupportError, match=r"at 20 of 120 visits.*--supported-only.*100 visits"):
        supported_visits(visits)
    kept, support = supported_visits(visits, supported_only=True)

    assert kept == visits[:100]
    assert support.supported == pytest.approx(100 / 120)
    assert support.overlap == pytest.approx(100 / 120)


def test_what_is_next_to_never_served_counts_as_never():
    visits = [visit(f"u{i}", int(i % 5 == 0), -1.0, logged=(0.9999, 0.0001)) for i in range(100)]

    with pytest.raises(NoSupportError, match=r"less than once for 100 times"):
        supported_visits(visits)


def test_too_few_effective_users_are_refused():
    visits = [visit(f"u{i}", int(i % 5 == 0), -1.0) for i in range(20)]

    with pytest.raises(NoSupportError, match=r"20 users of the log are worth 4.0 under the target"):
        supported_visits(visits)


def test_visits_without_a_use_are_left_out_and_counted(tmp_path):
    lines = [json.loads(text) for text in log_of(tmp_path).read_text().splitlines()]
    lines[1]["reward"] = None

    report = __main__.compare(
        written(tmp_path / "log.jsonl", lines), target_of(tmp_path, BA), supported_only=True
    )

    assert (report["visits"], report["without_use"]) == (59, 1)


def test_every_bad_line_is_named(tmp_path):
    bad = [
        line(reward=1.0),
        line(seen="2", share=0.5),
        line(seen="3", candidates=None),
        line(seen="4", layout=("a", "c")),
        line(seen="5", candidates=[{"layout": AB, "propensity": 0.8}]),
        line(seen="6"),
        line(seen="6"),
        line(user=""),
        line(seen="7", layout=("a", "a")),
        line(seen="8", layout=("a", 1)),
    ]

    with pytest.raises(DataError) as raised:
        read_decisions(written(tmp_path / "log.jsonl", bad), is_log=True)

    found = [(p.row, p.field) for p in raised.value.problems]
    rows = [(1, "reward"), (2, "propensity"), (3, "candidates"), (4, "layout"), (5, "candidates")]
    assert found == [*rows, (7, "visit"), (8, "user"), (9, "layout"), (10, "layout")]


def test_a_visit_that_the_target_did_not_decide_is_named(tmp_path):
    log = read_decisions(log_of(tmp_path), is_log=True)
    target = read_decisions(target_of(tmp_path, BA, users=59), is_log=False)

    with pytest.raises(DataError, match=r"u59, page, 1.*must decide every logged visit"):
        join(log, target)


def test_layouts_may_be_the_items_of_a_replay(tmp_path):
    items = [{"id": b, "x": 0, "y": y, "w": 1, "h": 1} for y, b in enumerate(AB)]
    path = written(tmp_path / "log.jsonl", [line(layout=items)])

    assert read_decisions(path, is_log=True)["u", "page", "1"].layouts[0] == AB


def test_the_command_ends_with_one_line_of_json(tmp_path, capsys):
    log, target = write_example(tmp_path)
    out = tmp_path / "report/ope.json"

    assert __main__.main(["--log", str(log), "--target", str(target), "--out", str(out)]) == 0

    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    report = json.loads(out.read_text())
    assert last["estimates"].keys() == report["estimates"].keys() == {"ips", "snips", "dr"}
    assert last["target_is"] in ("better", "worse", "not told apart")


def test_smoke_needs_no_files(capsys):
    assert __main__.main(["--smoke"]) == 0
    assert json.loads(capsys.readouterr().out)["log"] == "log.jsonl"


def test_the_target_itself_is_estimated_as_what_was_served():
    """If the target is the logging version, every weight is 1."""
    world = make_world(30, seed=3)
    log = [
        LoggedVisit(
            v.user, v.surface, v.layouts, v.logged, v.logged, v.energies, v.chosen, v.reward
        )
        for v in draw_log(world, 30, seed=3)
    ]

    for found in estimates(log).values():
        assert found.value == pytest.approx(np.mean([v.reward for v in log]), abs=0.02)
    assert estimates(log)["ips"].difference_interval == pytest.approx((0.0, 0.0), abs=1e-12)


def test_intervals_hold_the_truth_of_simulated_logs(capsys):
    """Runs 120 logs, which tell 0.95 from 0.88 at best; in full: python -m ml.ope.coverage."""
    world = make_world(150, seed=4, apart=0.2)

    found = coverage.coverage(world, logs=120, users=150, seed=4)

    with capsys.disabled():
        print(f"\noff-policy coverage of 120 logs: { {k: round(v, 3) for k, v in found.items()} }")
    assert all(0.88 <= found[name] <= 1.0 for name in ("ips", "snips", "dr"))
    assert max(found["dr_width"], found["snips_width"]) < found["ips_width"]
    assert coverage.refused_without_exploration(people=10, logs=5, seed=4) == 1.0

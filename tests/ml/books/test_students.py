"""Students read people whom they did not see nearly as the version does, and give the same byte."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from ml.books.served_orders import learn_served
from ml.books.students import LEAST_STATES, learn_students, learned, states_of
from ml.data.histories import Histories, pages, popularity_by_day, visits_of
from ml.evaluation.policies import policy
from ml.evaluation.replay import captured_gain, declared_orders, replay
from uiengine.behaviour.popularity import advance
from uiengine.book.device import expected_on_device, net_of
from uiengine.model.version_folder import load_version
from uiengine.request import Request


@pytest.fixture(scope="module")
def folder(version_folder, cohort, tmp_path_factory):
    torch.set_num_threads(2)
    out = tmp_path_factory.mktemp("students") / "v"
    shutil.copytree(version_folder, out)
    learn_served(out, cohort[0], pages([cohort[0]]))
    learn_students(out, cohort[0], pages([cohort[0]]))
    return out


@pytest.fixture(scope="module")
def states(folder, cohort):
    return _states(folder, cohort[1])


def _states(folder, frame):
    visits, surface = visits_of(frame), pages([frame])["sim"]
    popular = {day: advance(p, day) for (_, day), p in popularity_by_day(visits).items()}
    return states_of(load_version(folder), surface, visits, popular, 0)


def test_states_are_those_before_each_visit_on_its_day_and_on_a_drawn_one(states, cohort):
    visits = visits_of(cohort[1])
    assert states.users == [visit.user for visit in visits for _ in range(2)]
    days = sorted({visit.day for visit in visits})
    assert [days[i] for i in states.day[::2]] == [visit.day for visit in visits]
    assert np.mean(states.day[1::2] != states.day[::2]) > 0.9
    np.testing.assert_allclose(states.read.sum(axis=1), 1.0, atol=1e-6)


def test_other_people_are_read_more_like_the_version_than_by_the_rule(folder, cohort):
    version, surface, visits = load_version(folder), pages([cohort[1]])["sim"], visits_of(cohort[1])
    student, distances = version.students["sim"], {True: [], False: []}
    even = np.full(len(surface.blocks), 1 / len(surface.blocks))
    past = Histories()
    for visit in visits:
        popular = past.popularity("sim", visit.day)
        request = Request(surface, past.profile(visit), popular, visit.day)
        read = version.read([request])[0].share
        for is_student in distances:
            version.students = {"sim": student} if is_student else {}
            net = net_of(version, surface, popular, visit.day, even)
            share = expected_on_device(request, net).share
            distances[is_student].append(float((read * np.log(read / share)).sum()))
        past.observe(visit)

    assert np.mean(distances[True]) < 0.5 * np.mean(distances[False])


def test_learning_again_gives_the_same_student(folder, cohort):
    before = (folder / "students.json").read_bytes()
    version_id = load_version(folder).id

    assert learn_students(folder, cohort[0], pages([cohort[0]])) == version_id
    assert (folder / "students.json").read_bytes() == before


def test_a_page_with_few_visits_has_none(folder, cohort):
    few = cohort[1][cohort[1]["user"].isin(["u1", "u2", "u3"])]
    found = _states(folder, few)
    assert len(found.users) < LEAST_STATES
    assert learned(pages([few])["sim"], found, 0) is None


@pytest.mark.parametrize("is_of_few", [True, False], ids=["ten people", "one who came most"])
def test_a_page_on_which_one_person_could_be_read_has_none(states, cohort, monkeypatch, is_of_few):
    monkeypatch.setattr("ml.books.students.EPOCHS", 1)
    monkeypatch.setattr("ml.books.students.surprise", lambda nets, *_: next(said))
    surface = pages([cohort[1]])["sim"]
    said = iter([1.0, 2.0])
    assert learned(surface, states, 0) is not None
    said = iter([1.0, 2.0])
    if is_of_few:  # a fifth of twelve is judged on, so that ten at most are learned from
        users = [f"u{i % 12}" for i in range(len(states.users))]
    else:
        users = ["u1" if i % 2 else user for i, user in enumerate(states.users)]
    assert learned(surface, replace(states, users=users), 0) is None


def test_a_student_that_reads_worse_than_the_rule_is_not_kept(states, cohort, monkeypatch):
    said = iter([2.0, 1.0])
    monkeypatch.setattr("ml.books.students.surprise", lambda *_: next(said))
    monkeypatch.setattr("ml.books.students.EPOCHS", 1)
    assert learned(pages([cohort[1]])["sim"], states, 0) is None


def test_the_devices_byte_captures_nearly_what_the_servers_does(folder, cohort):
    version = load_version(folder)
    surfaces, visits = pages([cohort[1]]), visits_of(cohort[1])
    defaults = declared_orders(surfaces)
    gains = {}
    for name in ("book", "device"):
        decide = policy(name, version, defaults, 64, 0)
        lines = list(replay(visits, surfaces, defaults, decide))
        gains[name] = captured_gain(lines, visits)["sim"]["all"]

    assert gains["device"] >= 0.97 * gains["book"]

"""The one thread that renews what a process keeps in memory."""

from __future__ import annotations

import threading

from tests.patience import PATIENCE
from webapp.codebooks.models import Run
from webapp.codebooks.pipeline.steps import STEPS
from webapp.lib.refresher import ProcessState, Refresher


class State(ProcessState):
    def __init__(self, every: float = 0.0) -> None:
        self.every, self.renewals, self.is_cleared = every, 0, False
        self.is_renewed = threading.Event()

    def renew(self) -> None:
        self.renewals += 1
        self.is_renewed.set()

    def clear(self) -> None:
        self.is_cleared = True


class Failing(ProcessState):
    """Fails once."""

    has_failed = False

    def renew(self) -> None:
        if not self.has_failed:
            self.has_failed = True
            raise OSError("planted")


def beating(settings, *states: ProcessState) -> Refresher:
    settings.UIENGINE_REFRESH_MS = 10
    refresher = Refresher()
    for state in states:
        refresher.register(state)
    refresher.start()
    return refresher


def test_renews_each_state_as_often_as_it_asks(settings):
    often, seldom = State(), State(every=3600.0)
    refresher = beating(settings, seldom, often)

    assert often.is_renewed.wait(PATIENCE)
    refresher.stop()

    assert seldom.renewals == 0
    assert not refresher.is_running()


def test_goes_on_after_a_state_that_failed(settings, caplog):
    later = State()
    refresher = beating(settings, Failing(), later)

    assert later.is_renewed.wait(PATIENCE)
    refresher.stop()

    assert "serving.refresh_failed" in caplog.text


def test_clears_all_states_and_starts_again(settings):
    state = State()
    refresher = beating(settings, state)
    assert state.is_renewed.wait(PATIENCE)
    refresher.stop()
    before = state.renewals
    state.is_renewed.clear()

    refresher.clear()
    refresher.start()

    assert state.is_cleared and state.is_renewed.wait(PATIENCE)
    refresher.stop()
    assert state.renewals > before


def test_every_step_of_a_pipeline_has_a_function():
    assert set(STEPS) == set(Run.Kind)

"""Days begin at midnight of the page's zone; expected values are from calendars."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uiengine.behaviour.days import DAY_MS, day_end, day_of, zones
from uiengine.errors import SurfaceError
from uiengine.page.surface import to_json
from uiengine.page.surface_json import parse

HOUR = 3_600_000
PAGE = {
    "slug": "page",
    "breakpoints": [{"name": "lg", "min_width": 1200, "columns": 12}],
    "blocks": [{"id": "forum"}],
}


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def date_of(text: str) -> int:
    return utc(text) // DAY_MS


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        ("2026-03-02T23:59:59", "UTC", "2026-03-02"),
        ("2026-03-02T22:59:59", "Europe/Berlin", "2026-03-02"),  # 23:59:59, winter: UTC+1
        ("2026-03-02T23:00:00", "Europe/Berlin", "2026-03-03"),
        ("2026-07-02T21:59:59", "Europe/Berlin", "2026-07-02"),  # summer: UTC+2
        ("2026-07-02T22:00:00", "Europe/Berlin", "2026-07-03"),
        ("2026-03-02T04:59:59", "America/New_York", "2026-03-01"),  # 23:59:59, UTC-5
        ("2026-03-02T05:00:00", "America/New_York", "2026-03-02"),
        ("2026-07-02T03:59:59", "America/New_York", "2026-07-01"),  # UTC-4
        ("2026-07-02T04:00:00", "America/New_York", "2026-07-02"),
        ("2026-03-02T18:14:59", "Asia/Kathmandu", "2026-03-02"),  # UTC+5:45
        ("2026-03-02T18:15:00", "Asia/Kathmandu", "2026-03-03"),
        ("1969-12-31T23:30:00", "UTC", "1969-12-31"),
    ],
)
def test_a_moment_is_of_the_day_that_clocks_on_the_wall_say(moment, zone, day):
    assert day_of(utc(moment), zone) == date_of(day)


@pytest.mark.parametrize(
    ("day", "zone", "begins", "ends"),
    [
        # Clocks go forward at 2:00 on 29 March 2026, and back at 3:00 on 25 October 2026.
        ("2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00", "2026-03-29T22:00:00"),
        ("2026-10-25", "Europe/Berlin", "2026-10-24T22:00:00", "2026-10-25T23:00:00"),
        # 8 March and 1 November 2026.
        ("2026-03-08", "America/New_York", "2026-03-08T05:00:00", "2026-03-09T04:00:00"),
        ("2026-11-01", "America/New_York", "2026-11-01T04:00:00", "2026-11-02T05:00:00"),
        # Midnight of 4 November 2018 was left out: clocks went from 0:00 to 1:00.
        ("2018-11-03", "America/Sao_Paulo", "2018-11-03T03:00:00", "2018-11-04T03:00:00"),
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00", "2018-11-05T02:00:00"),
        # At the end of 17 February 2018 it went back to 23:00, which came twice.
        ("2018-02-17", "America/Sao_Paulo", "2018-02-17T02:00:00", "2018-02-18T03:00:00"),
    ],
)
def test_a_day_in_which_clocks_change_is_longer_or_shorter(day, zone, begins, ends):
    first, last = utc(begins), utc(ends) - 1

    assert [day_of(t, zone) - date_of(day) for t in (first - 1, first, last, last + 1)] == [
        -1,
        0,
        0,
        1,
    ]
    assert day_end(first, zone) == day_end(last, zone) == utc(ends)


@given(
    st.integers(0, utc("2060-01-01")),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Asia/Kathmandu"]),
)
def test_days_never_go_back_and_end_where_the_next_begins(moment, zone):
    ends = day_end(moment, zone)

    assert moment < ends <= moment + 25 * HOUR
    assert day_of(ends - 1, zone) == day_of(moment, zone) < day_of(ends, zone)


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "Asia/Kathmandu"])
def test_a_page_names_its_zone(name):
    page = parse({**PAGE, "zone": name})

    assert (page.zone, parse(to_json(page)).zone, parse(PAGE).zone) == (name, name, "UTC")


@pytest.mark.parametrize("name", ["Berlin", "europe/berlin", "", "../etc", "localtime", 1, None])
def test_a_name_that_is_no_zone_is_refused_with_the_next_step(name):
    with pytest.raises(SurfaceError, match=r"zone.*IANA name, such as Europe/Berlin"):
        parse({**PAGE, "zone": name})
    assert name not in zones()


def test_a_name_nearly_right_is_answered_with_the_right_one():
    with pytest.raises(SurfaceError, match="Did you mean Europe/Berlin"):
        parse({**PAGE, "zone": "Europe/Berln"})

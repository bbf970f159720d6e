"""The rule's net multiplies the powers that the rule is defined by."""

from __future__ import annotations

import math

import numpy as np

from tests.uiengine.book.test_selection import page
from uiengine.behaviour.popularity import Popularity, fold_day
from uiengine.behaviour.profile import Profile, fold_visit
from uiengine.book.device import LATER, NEXT, expected_on_device, rule
from uiengine.request import Request

DAY = 20_000
LATELY = np.array([[0.7, 0.3, 0.0], [0.6, 0.3, 0.1], [0.2, 0.3, 0.5]])


def _powers(weights, lately, uses) -> list[float]:
    """Per block its share, by the definition. uses: visits, days, month and whether ever used."""
    found = []
    for shares, (visits, days, month, known) in zip(lately.T, uses, strict=True):
        share = [max(value, 0.002) for value in shares]
        power = math.prod(s**w for s, w in zip(share, weights.lately, strict=True))
        power *= (visits + 0.1) ** weights.visits * (days + 0.1) ** weights.days
        power *= (month + 0.1) ** weights.month
        power *= math.exp(weights.known) * share[0] ** weights.known_lately if known else 1.0
        found.append(power)
    return [power / sum(found) for power in found]


def test_the_rules_net_gives_its_shares():
    surface, profile = page(3, 3), Profile()
    fold_visit(profile, DAY - 6, ["a", "b"])
    fold_visit(profile, DAY - 4, ["a"])
    request = Request(surface, profile, Popularity(), DAY)

    found = expected_on_device(request, rule(LATELY))

    a = (1 + 0.5 * 2**-0.25, 2**-2 + 2**-3, 2 ** (-4 / 28) + 2 ** (-6 / 28), True)
    b = (0.5 * 2**-0.25, 2**-3, 2 ** (-6 / 28), True)
    uses = [a, b, (0.0, 0.0, 0.0, False)]
    np.testing.assert_allclose(found.share, _powers(NEXT, LATELY, uses), rtol=0.02)
    np.testing.assert_allclose(found.outlook, _powers(LATER, LATELY, uses), rtol=0.02)


def test_somebody_who_used_nothing_yet_is_expected_to_do_as_everybody_lately():
    request = Request(page(3, 3), Profile(), fold_day(Popularity(), DAY, {}, 0, {}, 0), DAY)
    found = expected_on_device(request, rule(LATELY))
    np.testing.assert_allclose(found.share, _powers(NEXT, LATELY, [(0, 0, 0, 0)] * 3), rtol=0.02)

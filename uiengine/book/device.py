"""What a device expects of its person, from the public book and their own past alone.

A version's networks stay on the server. The book carries a small net instead (`Net`): of the page's
student, which learned to read people as the version does; or, where the version has none for the
page, of a rule that multiplies powers of what everybody used lately and of the person's own habit
(a log-linear model). `adaptive-device.js` does the same arithmetic in the browser.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from uiengine import features
from uiengine.behaviour.popularity import HALF_LIVES, Popularity, advance
from uiengine.behaviour.profile import BlockUse, Profile, day_uses_at, visit_shares_at
from uiengine.cost.energy import Floats
from uiengine.explain import LEAST_PEOPLE, people_lately
from uiengine.model.prediction import Prediction
from uiengine.model.student import PERSON, Net
from uiengine.model.version import CodebookVersion
from uiengine.page.surface import Surface
from uiengine.request import Request

LEAST_SHARE = 0.002
"""Least share of a block in what everybody used: nothing is impossible."""
LEAST_USES = 0.1
"""Uses that every block is given: what one never used is not impossible either."""
KNOWN = 4
"""The column of `person` that says whether a block was ever used."""
_FAR = 10.0
"""More than the logarithms of 1 / LEAST_SHARE and of 1 / LEAST_USES."""


class Weights(NamedTuple):
    """Exponents of shares and uses of the rule, fitted to visits (ml/LOG.md).

    lately: everybody's shares, per half-life of HALF_LIVES; visits: own shares, decayed by 4
    visits; days, month: own uses, decayed by 2 and by 28 days; known: logarithm of the factor of
    blocks that the person ever used; known_lately: added to the first of `lately` for those.
    """

    lately: tuple[float, ...]
    visits: float
    days: float
    month: float
    known: float
    known_lately: float


NEXT = Weights((1.50, -0.02, -0.68), 0.31, 0.19, 0.41, -1.91, -0.40)
"""Of the next visit."""
LATER = Weights((1.30, 0.21, -0.67), 0.36, 0.08, 0.41, -2.34, -0.43)
"""Of the visits after it."""


def public_of(popularity: Popularity, day: int) -> Popularity:
    """What a net may be made of on a day: nothing where fewer than LEAST_PEOPLE came lately beside
    whoever reads it."""
    known = advance(popularity, day)
    return known if people_lately(known, day) - 1 >= LEAST_PEOPLE else Popularity()


def net_of(
    version: CodebookVersion, surface: Surface, popularity: Popularity, day: int, newcomers: Floats
) -> Net:
    """The net of a page on a day, as published, of what is public.

    newcomers: shares expected of them, (N,), under this popularity; where it is not public, they
    are read without it.
    """
    public = public_of(popularity, day)
    student = version.students.get(surface.slug)
    if student is None:
        if not public.shares:
            newcomers = version.read([Request(surface, Profile(), public, day)])[0].share
        return rule(used_lately(surface, public, newcomers))
    page = features.gather_page(public, tuple(surface.index), day, version.priors.get(surface.slug))
    return student.of_day(tuple(surface.index), *day_features(page))


def day_features(page: features.Pages) -> tuple[Floats, float]:
    """What a student is told of a page's day: popularity, (N, 16), and evidence."""
    popularity = features.encode_popularity(page)[0].astype(np.float64)
    return popularity, float(np.log1p(features.evidence(page)[0]))


def used_lately(surface: Surface, popularity: Popularity, newcomers: Floats) -> Floats:
    """Everybody's shares of the page's uses per half-life, (3, N); `newcomers` where none are."""
    none = (0.0,) * len(HALF_LIVES)
    shares = np.array([popularity.shares.get(b, none) for b in surface.index]).T
    total = shares.sum(axis=1, keepdims=True)
    found: Floats = np.where(total > 0, shares / np.maximum(total, 1e-9), newcomers)
    return found


def rule(lately: Floats) -> Net:
    """The rule as a net. Its first hidden unit is −log lately[0] of blocks ever used, else 0; the
    others are columns of `person`, all but one raised by _FAR, which changes no share.

    lately: see `used_lately`.
    """
    logs = np.log(np.maximum(lately, LEAST_SHARE))
    both, columns = (NEXT, LATER), [0, 2, 3, KNOWN]
    units, blocks = 1 + len(columns), logs.shape[1]
    first, raised = np.zeros((units, PERSON)), np.zeros((blocks, units))
    first[0, KNOWN], first[range(1, units), columns] = _FAR, 1.0
    raised[:, 0], raised[:, 1 : units - 1] = -logs[0] - _FAR, _FAR
    out = np.array([[-w.known_lately, w.visits, w.days, w.month, w.known] for w in both])
    popular = np.array([np.array(w.lately) @ logs for w in both]).T
    added = (raised, np.zeros((blocks, units)), popular)
    return Net((first, np.eye(units), out), added).published()


def person(profile: Profile, surface: Surface, day: int) -> Floats:
    """What a device knows of its person, per block, (N, PERSON).

    Columns: logarithms of own shares decayed by 4 and by 20 visits, and of own uses by 2 and by 28
    days; whether ever used, and in the last visit; visits (log); days since one of these
    blocks was used (log), 0 if none was.
    """
    nothing, visits = BlockUse(), profile.visits
    blocks = [profile.blocks.get(b, nothing) for b in surface.index]
    used = np.array([float(b.uses > 0) for b in blocks])
    shares = np.array([visit_shares_at(b, visits) for b in blocks])
    days = np.array([day_uses_at(b, day) for b in blocks])
    is_last = np.array([b.visit == visits for b in blocks])
    since = max(day - (max(b.day for b in blocks) or day), 0)
    uses = np.stack([*shares.T, days[:, 0], days[:, -1]], axis=1)
    same = np.tile(np.log1p([visits, since]), (len(blocks), 1))
    found: Floats = np.concatenate(
        [np.log(uses + LEAST_USES), np.stack([used, used * is_last], axis=1), same], axis=1
    )
    return found


def expected_on_device(request: Request, net: Net) -> Prediction:
    """What to expect of a person with this past, as `choose_byte` takes it. Reads no version."""
    logits = net.logits(person(request.profile, request.surface, request.day))
    raised = np.exp(logits - logits.max(axis=0))
    share, later = (raised / raised.sum(axis=0)).T
    sizes = np.ones(len(share), dtype=np.int64)
    return Prediction((), share, share, share, share, later, sizes, 0, 0.0)

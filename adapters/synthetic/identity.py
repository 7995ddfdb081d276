"""Who a person is: when and where born, called what, known under which numbers.

Uniqueness of the numbers, for n below 4,000,000. Person n is born in slot n % 8,
which fixes the sex and the birth year modulo 4; so two people whose numbers begin
with the same six digits are of one slot and differ in j = n // 8 < 500,000. The last
six digits are a one-to-one image of j, or of j + 500,000 for the one further number
that a person may have. Old 9-digit and social-insurance numbers end in a one-to-one
image of n.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from adapters.synthetic import names, places
from adapters.synthetic.draws import Draw, bijection, happens, pick, urn
from adapters.synthetic.recipe import Recipe

SLOTS = 8

LEGACY_BORN_UNTIL = 2006
"""Last birth year of people who could get an identity card of the old kind."""

FURTHER_NUMBERS_FROM = 500_000
"""Where the second half of the last six digits begins, before they are mixed."""

CHILD_BELOW_YEARS = 6
"""Age in years below which nobody needs a card."""

GROWN_UP_FROM = 8
"""Age in years from which a kind of person may be that says nothing of children."""

_AGE_GROUPS = (
    7.7,
    8.2,
    7.6,
    7.0,
    7.0,
    8.3,
    8.6,
    7.9,
    7.0,
    6.4,
    5.9,
    5.4,
    4.7,
    3.4,
    2.0,
)
_AGE_GROUPS_OLD = (1.2, 0.8, 0.4, 0.2)
"""Per cent of the people by age group of five years, from 0.

Source: population pyramid of the 2019 census, moved on by hand.
"""

COHORT_YEARS = 4
"""Ages are drawn by cohorts of as many years as a slot fixes the year in."""


def _cohorts(ages: range) -> tuple[int, ...]:
    groups = _AGE_GROUPS + _AGE_GROUPS_OLD
    weights: dict[int, float] = {}
    for age in ages:
        cohort = age // COHORT_YEARS
        weights[cohort] = weights.get(cohort, 0.0) + groups[age // 5]
    return urn(weights)


_EVERY_AGE = _cohorts(range(95))
_GROWN_UP = _cohorts(range(GROWN_UP_FROM, 95))
_IN_SERVICE = _cohorts(range(20, 56))

_COHORTS_BY_KIND: Mapping[str, tuple[int, ...]] = {
    "in_force": _EVERY_AGE,
    "unknown_number": _EVERY_AGE,
    "different_name": _EVERY_AGE,
    "swapped_name": _EVERY_AGE,
    "abbreviated_name": _EVERY_AGE,
    "different_birth_date": _EVERY_AGE,
    "defence_card": _IN_SERVICE,
    "public_security_card": _IN_SERVICE,
}
"""Ages of a kind; all others are grown up, so that no child below 6 is among them."""

_NEEDS_KINH_NAME = frozenset({"different_name", "swapped_name", "abbreviated_name"})
"""Kinds whose fault needs a family, a middle and a given name to show."""


@dataclass(slots=True, repr=False)
class Identity:
    """What is true of a person, whatever the registers make of it."""

    n: int
    kind: str
    people: str
    sex: str
    """``male`` or ``female``."""

    born: date
    birthplace: places.Province
    home: str
    """3-digit code of the province of residence."""

    full_name: str
    number: str
    """The living citizen ID."""

    further_number: str
    """A citizen ID nobody else has: an old one, or one that was never given out."""

    legacy_number: str | None
    """The old 9-digit number (số CMND)."""

    def __repr__(self) -> str:
        return f"Identity({self.n}, ***)"


def identity(recipe: Recipe, n: int, *, kind: str, draw: Draw) -> Identity:
    """The person n, of that kind."""
    sex = "female" if n % 2 else "male"
    born = _born(n, kind=kind, anchor=recipe.anchor, draw=draw)
    birthplace = pick(places.BIRTHPLACES, draw)
    people = names.people(draw)
    if kind in _NEEDS_KINH_NAME:
        people = "kinh"
    had_card = happens(recipe.profile.variants.get("legacy_number", 0.0), draw)
    has_legacy_number = had_card and born.year <= LEGACY_BORN_UNTIL
    century_and_sex = 2 * (born.year // 100 - 19) + n % 2
    prefix = f"{birthplace.code}{century_and_sex}{born.year % 100:02d}"
    factor, offset = bijection(recipe.key, prefix, 6)
    j = n // SLOTS
    further = (factor * (j + FURTHER_NUMBERS_FROM) + offset) % 1_000_000
    return Identity(
        n=n,
        kind=kind,
        people=people,
        sex=sex,
        born=born,
        birthplace=birthplace,
        home=_home(birthplace, draw),
        full_name=names.full_name(people, sex, draw),
        number=f"{prefix}{(factor * j + offset) % 1_000_000:06d}",
        further_number=f"{prefix}{further:06d}",
        legacy_number=_legacy_number(recipe, n, birthplace.legacy_prefix)
        if has_legacy_number
        else None,
    )


def age_on(born: date, day: date) -> int:
    """Whole years lived by that day."""
    had_birthday = (day.month, day.day) >= (born.month, born.day)
    return day.year - born.year - (not had_birthday)


def _born(n: int, *, kind: str, anchor: date, draw: Draw) -> date:
    year = _birth_year(n, kind=kind, anchor=anchor, draw=draw)
    a, b = draw(), draw()
    if kind == "day_month_swapped":
        month = a % 12
        return date(year, month + 1, (month + 1 + b % 11) % 12 + 1)
    first = date(year, 1, 1)
    days = (anchor - first).days + 1 if year == anchor.year else 365
    return first + timedelta(days=a % days)


def _birth_year(n: int, *, kind: str, anchor: date, draw: Draw) -> int:
    """A year that is ``n // 2 % 4`` modulo 4, whatever the kind."""
    lot = draw()
    years_back = (anchor.year - n // 2) % COHORT_YEARS
    if kind == "child_without_card":
        can_be_older = years_back + COHORT_YEARS < CHILD_BELOW_YEARS
        return anchor.year - years_back - COHORT_YEARS * (can_be_older and lot % 2)
    cohorts = _COHORTS_BY_KIND.get(kind, _GROWN_UP)
    return anchor.year - years_back - COHORT_YEARS * cohorts[lot % len(cohorts)]


def _home(birthplace: places.Province, draw: Draw) -> str:
    lot = draw()
    if birthplace.code in places.LOCAL_CODES:
        return birthplace.code
    if happens(0.6, draw):
        return places.LOCAL_CODES[lot % len(places.LOCAL_CODES)]
    return birthplace.code


def _legacy_number(recipe: Recipe, n: int, prefix: str) -> str:
    factor, offset = bijection(recipe.key, "legacy", 7)
    return f"{prefix}{(factor * n + offset) % 10_000_000:07d}"

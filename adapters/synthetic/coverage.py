"""How a person is insured: the cards on which the expected result code follows."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from adapters.synthetic import names, places
from adapters.synthetic.draws import Draw, bijection, happens, pick, urn
from adapters.synthetic.identity import Identity, age_on
from adapters.synthetic.recipe import Recipe

BENEFITS: Mapping[str, int] = {
    **dict.fromkeys(("CC", "TE"), 1),
    **dict.fromkeys(("BT", "CB", "CK", "CN", "DK", "DT", "HN", "KC", "TS"), 2),
    **dict.fromkeys(("HT", "TC"), 3),
    **dict.fromkeys(("CH", "DN", "GB", "GD", "HC", "HS", "HX", "NN", "SV", "TN"), 4),
    **dict.fromkeys(("TB", "XK"), 4),
    **dict.fromkeys(("CA", "CY", "QN"), 5),
}
"""Benefit digit (mã mức hưởng) of each group of the insured that occurs here.

Source: Decree 188/2025/NĐ-CP; for CN Resolution 261/2025/QH15.
"""

_PUPILS = urn({"HS": 82, "HN": 5, "CN": 5, "DK": 3, "BT": 2, "GD": 3})
_STUDENTS = urn({"SV": 42, "DN": 24, "GD": 20, "HN": 4, "CN": 4, "DK": 3, "TN": 3})
_WORKERS = urn(
    {
        "DN": 38,
        "GD": 32,
        "HC": 7,
        "CN": 5,
        "HN": 4,
        "TN": 3,
        "DK": 3,
        "HX": 2,
        "CH": 2,
        "XK": 2,
        "GB": 2,
        "NN": 1,
        "TB": 1,
    }
)
_OLD = urn(
    {"GD": 38, "HT": 30, "BT": 10, "CB": 5, "CK": 4, "HN": 4, "CN": 3, "KC": 2, "TC": 2}
    | {"CC": 1, "TS": 1}
)
_MINORITIES = urn({"DT": 60, "DK": 25, "HN": 15})
_GROUPS_BY_AGE = (
    (TE_BELOW := 6, ("TE",)),
    (18, _PUPILS),
    (23, _STUDENTS),
    (60, _WORKERS),
    (200, _OLD),
)
_AREAS: Mapping[str, tuple[str | None, ...]] = {
    "DK": urn({"K2": 80, "K1": 15, None: 5}, size=64),
    "DT": urn({"K1": 55, "K2": 30, None: 15}, size=64),
    "HN": urn({"K1": 35, "K2": 15, None: 50}, size=64),
}
_AREAS_ELSEWHERE = urn({None: 93, "K1": 5, "K2": 1, "K3": 1}, size=128)
_OPEN_ENDED = frozenset({"HT", "HC", "BT"})
"""Groups whose cards may go without a last day."""

_ENDINGS: Mapping[str, str] = {
    "revoked_card": "revoked",
    "decreased_card": "decreased",
    "moved_out_of_province": "moved_out_of_province",
    "moved_within_province": "moved_within_province",
    "readded_at_same_unit": "readded_at_same_unit",
    "stopped": "stopped",
}
"""Status of the card of those kinds of people whose card was ended."""

_LAST_DAYS: Mapping[str, range] = {
    "lapsed_card": range(-700, 0),
    "renewal_gap": range(-60, 0),
    "renewed_early": range(20, 61),
}
"""Last day of the card in days after the anchor day, for kinds that hang on it."""

_SERVICES: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "defence_card": ("defence", ("QN", "QN", "QN", "CY"), "BHXH Bộ Quốc phòng"),
    "public_security_card": ("public_security", ("CA",), "BHXH Bộ Công an"),
}
"""Manager, groups and issuer of cards that other ministries manage."""


_SOCIAL_SECURITY: tuple[str, tuple[str, ...], str] = ("social_security", (), "")
_WITHOUT_CARD = frozenset({"no_card", "child_without_card"})


class Card(NamedTuple):
    """A row of ``insurance_cards``."""

    citizen_id: str | None
    social_insurance_number: str
    subject_code: str
    valid_from: date
    valid_to: date | None
    facility: places.Facility
    area: str | None
    five_year_on: date
    status: str
    ended_on: date | None
    manager: str
    issued_by: str

    @property
    def card_number(self) -> str:
        """Subject code, benefit digit, province and social-insurance number."""
        benefit = BENEFITS[self.subject_code]
        province = self.facility.province
        return f"{self.subject_code}{benefit}{province}{self.social_insurance_number}"


class Period(NamedTuple):
    """First and last day of a card; no last day is None."""

    valid_from: date
    valid_to: date | None


def cards(recipe: Recipe, who: Identity, *, is_plain: bool, draw: Draw) -> list[Card]:
    """All cards of a person, current one first.

    Args:
        recipe: What the population is made from.
        who: Whose cards.
        is_plain: No harmless oddity, such as a card that soon ends.
        draw: The person's numbers.
    """
    if who.kind in _WITHOUT_CARD:
        return []
    card = _current_card(recipe, who, is_plain=is_plain, draw=draw)
    if who.kind in {"renewal_gap", "renewed_early"}:
        return [card, _next_card(card, recipe.anchor, draw)]
    has_former = not is_plain and card.subject_code != "TE" and happens(0.12, draw)
    if who.kind == "in_force" and has_former:
        return [card, _former_card(card, who.born, draw)]
    return [card]


def _current_card(recipe: Recipe, who: Identity, *, is_plain: bool, draw: Draw) -> Card:
    manager, groups, issued_by = _SERVICES.get(who.kind, _SOCIAL_SECURITY)
    group = pick(groups or _groups(who, age_on(who.born, recipe.anchor), draw), draw)
    facility = pick(places.FACILITY_URNS[who.home], draw)
    soon = 0.0 if is_plain else recipe.profile.variants.get("expires_soon", 0.0)
    period = _period(who, group, anchor=recipe.anchor, soon=soon, draw=draw)
    status, ended_on = _ending(who, period, anchor=recipe.anchor, draw=draw)
    return Card(
        citizen_id=None if who.kind == "card_not_linked" else who.number,
        social_insurance_number=_social_insurance_number(recipe, who),
        subject_code=group,
        valid_from=period.valid_from,
        valid_to=period.valid_to,
        facility=facility,
        area=pick(_AREAS.get(group, _AREAS_ELSEWHERE), draw),
        five_year_on=_five_year_on(who, period, draw),
        status=status,
        ended_on=ended_on,
        manager=manager,
        issued_by=issued_by or _office(who.home),
    )


def _groups(who: Identity, age: int, draw: Draw) -> tuple[str, ...]:
    is_minority = who.people in names.MINORITY_PEOPLES
    is_helped = happens(0.7, draw)
    if age >= TE_BELOW and is_minority and is_helped:
        return _MINORITIES
    return next(groups for below, groups in _GROUPS_BY_AGE if age < below)


def _period(
    who: Identity, group: str, *, anchor: date, soon: float, draw: Draw
) -> Period:
    """When the card holds, by the kind of person; by default on the anchor day."""
    lot = draw()
    if who.kind in _LAST_DAYS:
        days = _LAST_DAYS[who.kind]
        return _year_until(_day(anchor, days[lot % len(days)]))
    return _period_in_force(who, group, anchor=anchor, soon=soon, draw=draw)


def _period_in_force(
    who: Identity, group: str, *, anchor: date, soon: float, draw: Draw
) -> Period:
    lot = draw()
    ends_soon, is_open_ended = happens(soon, draw), happens(0.4, draw)
    if group == "TE":
        return Period(who.born, _day(_years_later(who.born, TE_BELOW), -1))
    if ends_soon:
        return _year_until(_day(anchor, lot % 31))
    if group in _OPEN_ENDED and is_open_ended:
        return Period(_day(anchor, -30 - lot % 1400), None)
    if group == "GD":
        return _year_until(_day(anchor, 31 + lot % 333))
    return _year_until(_month_end(_day(anchor, 31 + lot % 300)))


def _ending(
    who: Identity, period: Period, *, anchor: date, draw: Draw
) -> tuple[str, date | None]:
    status = _ENDINGS.get(who.kind, "active")
    if status == "active":
        return status, None
    lot = draw()
    is_dated = lot % 10 != 0
    ended_on = max(period.valid_from, _day(anchor, -(lot % 250)))
    return status, ended_on if is_dated else None


def _next_card(card: Card, anchor: date, draw: Draw) -> Card:
    """The card that follows, at once or after a gap that is not over yet.

    It is of another group, so that its number is another.
    """
    follows_at = _day(card.valid_to or anchor, 1)
    after_gap = _day(anchor, 20 + draw() % 41)
    start = follows_at if follows_at > anchor else after_gap
    return card._replace(
        subject_code=_other_group(card),
        valid_from=start,
        valid_to=_day(_years_later(start, 1), -1),
    )


def _former_card(card: Card, born: date, draw: Draw) -> Card:
    """A card of another group that ended the day before this one began."""
    ended = _day(card.valid_from, -1)
    started = max(born, _day(ended, -90 - draw() % 900))
    return card._replace(
        subject_code=_other_group(card),
        valid_from=started,
        valid_to=ended,
    )


def _other_group(card: Card) -> str:
    """A group that people of any age may change to or come from."""
    return "CN" if card.subject_code == "GD" else "GD"


def _five_year_on(who: Identity, period: Period, draw: Draw) -> date:
    """Five years after the insurance began without a gap, at birth at the earliest."""
    began = _day(period.valid_from, -(draw() % 4000))
    return _years_later(max(began, who.born, date(2009, 7, 1)), 5)


def _social_insurance_number(recipe: Recipe, who: Identity) -> str:
    factor, offset = bijection(recipe.key, "social_insurance", 8)
    return f"{who.birthplace.code[1:]}{(factor * who.n + offset) % 100_000_000:08d}"


@lru_cache(maxsize=128)
def _office(home: str) -> str:
    if home in places.LOCAL_CODES:
        return "BHXH tỉnh Lâm Đồng"
    name = next(p.name for p in places.PROVINCES if p.code == home)
    return f"BHXH tỉnh {name}"


def _year_until(last: date) -> Period:
    """A card of one year that ends on that day."""
    return Period(_day(_years_later(last, -1), 1), last)


@lru_cache(maxsize=65_536)
def _day(day: date, days: int) -> date:
    return date.fromordinal(day.toordinal() + days)


@lru_cache(maxsize=65_536)
def _month_end(day: date) -> date:
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1)


@lru_cache(maxsize=65_536)
def _years_later(day: date, years: int) -> date:
    """The same day of another year; 1 March for 29 February."""
    if (day.month, day.day) == (2, 29):
        return date(day.year + years, 3, 1)
    return day.replace(year=day.year + years)

"""One invented person: what the desk types, and the rows the registers keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from adapters.synthetic import coverage, health, names, places, visits
from adapters.synthetic.draws import Draw, draws, happens, pick
from adapters.synthetic.identity import Identity, identity
from adapters.synthetic.profile import CODES
from adapters.synthetic.recipe import Kinds, Recipe
from adapters.synthetic.rows import NULL, Row, card_row, document_row, visit_row
from lookup.names import fold_name


@dataclass(frozen=True, slots=True, repr=False)
class Presented:
    """What the desk types or scans, and the result code it should get."""

    citizen_id: str
    full_name: str
    birth_date: str
    """ISO date."""

    qr: str
    """Payload of the citizen card, 7 parts."""

    expected_code: str
    """Of a lookup by number, name and birth date on the anchor day."""

    legacy_id: str | None
    """The old 9-digit number, if there was one."""

    card_number: str | None
    """Of the current insurance card, whether or not it is linked."""

    def __repr__(self) -> str:
        return f"Presented({self.expected_code}, ***)"


@dataclass(frozen=True, slots=True, repr=False)
class SyntheticCitizen:
    """A person as presented at the desk, and as stored."""

    presented: Presented
    rows: Mapping[str, Sequence[Row]]
    """By table; each row in the order of ``rows.COLUMNS``."""

    def __repr__(self) -> str:
        return "SyntheticCitizen(***)"


class SyntheticPopulation:
    """All people of a recipe; each can be made alone."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.kinds = Kinds(recipe.profile)

    def citizen(self, n: int) -> SyntheticCitizen:
        """Person n, from 0 to ``recipe.citizens`` - 1."""
        draw = draws(self.recipe.key, n)
        kind = self.kinds.kind(n, draw)
        is_plain = self.kinds.is_set(n)
        who = identity(self.recipe, n, kind=kind, draw=draw)
        varies = not is_plain and kind != "unknown_number"
        is_superseded = varies and self._varies("superseded_number", draw)
        citizens = self._citizens(
            who, is_plain=is_plain, is_superseded=is_superseded, draw=draw
        )
        cards = coverage.cards(self.recipe, who, is_plain=is_plain, draw=draw)
        is_linked = who.kind != "card_not_linked"
        if is_superseded and is_linked and self._varies("old_number_on_card", draw):
            cards = [card._replace(citizen_id=who.further_number) for card in cards]
        shown = _presented(who, is_superseded=is_superseded, cards=cards, draw=draw)
        rows: dict[str, Sequence[Row]] = {
            "citizens": citizens,
            "legacy_ids": _legacy_ids(who),
            "insurance_cards": [card_row(card) for card in cards],
        }
        if self.recipe.has_health_record(n):
            rows.update(_health_rows(who, anchor=self.recipe.anchor, draw=draw))
        return SyntheticCitizen(shown, rows)

    def _citizens(
        self, who: Identity, *, is_plain: bool, is_superseded: bool, draw: Draw
    ) -> list[Row]:
        name = _stored_name(who, draw)
        born = _stored_birth(who, draw)
        if not is_plain:
            name = names.spelled(name, self.recipe.profile.variants, draw)
            born = self._blurred(who, born, draw)
        province = who.birthplace.code
        kept = (name, _folded(name), *born, who.sex, province)
        status = "restricted" if who.kind == "restricted_person" else "active"
        living = (who.number, *kept, status, NULL)
        if not is_superseded:
            return [living]
        return [living, (who.further_number, *kept, "superseded", who.number)]

    def _blurred(self, who: Identity, born: Row, draw: Draw) -> Row:
        """The birth date as a register keeps it that never knew the day."""
        year, month, _ = born
        year_only = self._varies("year_only", draw)
        month_and_year = self._varies("month_and_year", draw)
        if who.kind in {"day_month_swapped", "different_birth_date"}:
            return born
        if year_only:
            return year, NULL, NULL
        return (year, month, NULL) if month_and_year else born

    def _varies(self, variant: str, draw: Draw) -> bool:
        return happens(self.recipe.profile.variants.get(variant, 0.0), draw)


def _stored_name(who: Identity, draw: Draw) -> str:
    match who.kind:
        case "different_name":
            return names.other_name(who.full_name, who.sex, draw)
        case "swapped_name":
            return names.given_name_first(who.full_name)
        case "abbreviated_name":
            return names.middle_abbreviated(who.full_name)
        case _:
            return who.full_name


def _stored_birth(who: Identity, draw: Draw) -> Row:
    born = who.born
    match who.kind:
        case "day_month_swapped":
            return str(born.year), str(born.day), str(born.month)
        case "different_birth_date":
            born -= timedelta(days=1 + draw() % 400)
        case _:
            pass
    return str(born.year), str(born.month), str(born.day)


def _presented(
    who: Identity,
    *,
    is_superseded: bool,
    cards: Sequence[coverage.Card],
    draw: Draw,
) -> Presented:
    has_other_number = is_superseded or who.kind == "unknown_number"
    number = who.further_number if has_other_number else who.number
    return Presented(
        citizen_id=number,
        full_name=who.full_name,
        birth_date=who.born.isoformat(),
        qr=_qr(who, number, draw),
        expected_code=CODES[who.kind],
        legacy_id=who.legacy_number,
        card_number=cards[0].card_number if cards else None,
    )


def _qr(who: Identity, number: str, draw: Draw) -> str:
    """The citizen card's payload; the card was issued after 2021 and after birth."""
    issued = max(date(2021, 3, 1), who.born) + timedelta(days=draw() % 60)
    return "|".join(
        (
            number,
            who.legacy_number or "",
            who.full_name,
            _compact(who.born),
            "Nữ" if who.sex == "female" else "Nam",
            _address(who.home, draw),
            _compact(issued),
        )
    )


def _compact(day: date) -> str:
    """The day as ddMMyyyy; quicker than ``strftime``, which millions notice."""
    return f"{day.day:02d}{day.month:02d}{day.year}"


def _address(home: str, draw: Draw) -> str:
    place = pick(places.COMMUNE_ADDRESSES[home], draw)
    return f"Tổ {1 + draw() % 20}, {place}"


def _legacy_ids(who: Identity) -> list[Row]:
    return [(who.legacy_number, who.number)] if who.legacy_number else []


def _health_rows(
    who: Identity, *, anchor: date, draw: Draw
) -> dict[str, Sequence[Row]]:
    illnesses = health.conditions(who, anchor=anchor, draw=draw)
    seen = visits.visits(who, illnesses, anchor=anchor, draw=draw)
    lived = min(900, (anchor - who.born).days)
    measured_on = anchor - timedelta(days=draw() % (lived + 1))
    if seen:
        measured_on = seen[0].admitted_on
    summary = health.sections(who, illnesses, measured_on=measured_on, draw=draw)
    papers = [paper for visit in seen for paper in visits.documents(visit, draw)]
    serial = who.n * visits.VISITS_MAX
    return {
        "health_summaries": [(who.number, summary, measured_on.isoformat())],
        "visits": [
            visit_row(who, f"{serial + k:010d}", visit) for k, visit in enumerate(seen)
        ],
        "documents": [
            document_row(who, f"{2 * serial + k:010d}", paper)
            for k, paper in enumerate(papers)
        ],
    }


def _folded(name: str) -> str:
    """The folded name, word by word: no word of ours is joined to its neighbour."""
    return " ".join([_folded_word(word) for word in name.split(" ")])


@lru_cache(maxsize=65_536)
def _folded_word(word: str) -> str:
    return fold_name(word)

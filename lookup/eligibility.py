"""Step 3: what follows from a record for a claim on a day; rules, pure.

``decide`` reads from top to bottom like the handbook page: is anybody known, does
the claim fit, which card counts on that day. It runs on every lookup, so nothing
is wrong at midnight.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from lookup.card_tables import card_number_fault
from lookup.citizen_id import CardNumber, Identifier
from lookup.matching import ClaimMatch, match_claim
from lookup.notices import Notice
from lookup.record import (
    CardStatus,
    CoverageRecord,
    InsuranceCard,
    Manager,
    Person,
    Private,
    Withheld,
)
from lookup.request import LookupRequest

CHILD_BELOW_YEARS = 6
"""Children below this age are insured by law, card or none.

Source: Law on Health Insurance, art. 12; Decree 188/2025/NĐ-CP, art. 37.
"""

EXPIRES_SOON = timedelta(days=30)
"""A card ending within this time is worth a word at the desk."""


class Eligibility(Private, frozen=True):
    """What follows from the record: a result code, the card it rests on, notices."""

    code: str
    """A row of ``lookup.codes``."""

    identity_fits: bool
    """Somebody was found and the claim fits."""

    in_force: bool = False
    card: InsuranceCard | None = None
    """The card the code speaks of."""

    other_cards: tuple[InsuranceCard, ...] = ()
    notices: tuple[Notice, ...] = ()


_MISMATCHES: dict[ClaimMatch, str] = {
    "name_differs": "060",
    "name_nearly": "061",
    "birth_differs": "070",
}

_ENDED: dict[CardStatus, str] = {
    "revoked": "110",
    "decreased": "120",
    "moved_out_of_province": "121",
    "moved_within_province": "122",
    "readded_at_same_unit": "123",
    "stopped": "124",
}

_IN_FORCE: dict[Manager, str] = {
    "social_security": "000",
    "defence": "001",
    "public_security": "002",
}


def decide(
    record: CoverageRecord | None,
    request: LookupRequest,
    *,
    sees_restricted: bool,
    withheld: Withheld | None = None,
) -> Eligibility:
    """Say what the record means for this claim on the day of service.

    Args:
        record: What the source knows; None for nobody.
        request: Whom the desk asks about, and what it claims.
        sees_restricted: Whether this asker may know of protected persons.
        withheld: What a source said in place of a record that it did not show.
    """
    if withheld is not None:
        return Eligibility(withheld, identity_fits=False)
    if record is None or (record.person.is_restricted and not sees_restricted):
        return Eligibility(_nobody(request.identifier), identity_fits=False)
    match = match_claim(request.claim, record.person)
    if match in _MISMATCHES:
        return Eligibility(_MISMATCHES[match], identity_fits=False)
    if not record.cards:
        return Eligibility(_without_card(record.person, request.on), identity_fits=True)
    return _by_cards(record, request)


def in_force_on(card: InsuranceCard, day: date) -> bool:
    """Whether the card gives cover on that day."""
    return (
        has_started(card, day) and not has_expired(card, day) and not _ended(card, day)
    )


def has_started(card: InsuranceCard, day: date) -> bool:
    """Whether the card's first day has come."""
    return card.valid_from <= day


def has_expired(card: InsuranceCard, day: date) -> bool:
    """Whether the card's last day is over."""
    return card.valid_to is not None and card.valid_to < day


def _ended(card: InsuranceCard, day: date) -> bool:
    if card.status == "active":
        return False
    return card.ended_on is None or card.ended_on <= day


def _nobody(identifier: Identifier) -> str:
    if isinstance(identifier, CardNumber):
        return card_number_fault(identifier) or "050"
    return "050"


def _without_card(person: Person, day: date) -> str:
    born = person.birth_date
    sixth_birthday = (born.year + CHILD_BELOW_YEARS, born.month or 12, born.day or 31)
    return "130" if (day.year, day.month, day.day) < sixth_birthday else "050"


def _by_cards(record: CoverageRecord, request: LookupRequest) -> Eligibility:
    day = request.on
    asked = _asked_card(record.cards, request.identifier)
    card = _card_in_force(record.cards, day)
    later = [c for c in record.cards if not has_started(c, day) and not _ended(c, day)]
    is_covered = card is not None
    if card is not None:
        code = _code_in_force(card, day, asked=asked, has_later=bool(later))
    else:
        card, code = _without_cover(record.cards, day, asked=asked, later=later)
    return Eligibility(
        code=code,
        identity_fits=True,
        in_force=is_covered,
        card=card,
        other_cards=tuple([c for c in record.cards if c is not card]),
        notices=tuple(
            _notices(card, later=later, person=record.person, request=request)
        ),
    )


def _asked_card(
    cards: Sequence[InsuranceCard], identifier: Identifier
) -> InsuranceCard | None:
    if not isinstance(identifier, CardNumber):
        return None
    return next((c for c in cards if c.card_number == identifier.digits), None)


def _card_in_force(cards: Sequence[InsuranceCard], day: date) -> InsuranceCard | None:
    """Of several, the one with the better benefit, then the one that lasts longer.

    Source: Decree 188/2025/NĐ-CP, art. 21 (the highest entitlement counts).
    """
    valid = [c for c in cards if in_force_on(c, day)]
    return valid[0] if len(valid) == 1 else max(valid, key=_preference, default=None)


def _preference(card: InsuranceCard) -> tuple[int, date, date]:
    percent = {5: 4, 1: 3, 2: 2, 3: 1}.get(card.benefit_level, 0)
    return percent, card.valid_to or date.max, card.valid_from


def _code_in_force(
    card: InsuranceCard, day: date, *, asked: InsuranceCard | None, has_later: bool
) -> str:
    if card.manager != "social_security":
        return _IN_FORCE[card.manager]
    if asked is not None and asked is not card and not in_force_on(asked, day):
        return "003"
    return "004" if has_later else _IN_FORCE[card.manager]


def _without_cover(
    cards: Sequence[InsuranceCard],
    day: date,
    *,
    asked: InsuranceCard | None,
    later: Sequence[InsuranceCard],
) -> tuple[InsuranceCard, str]:
    """The card to speak of when none is in force, and why it gives no cover.

    A first card that has not begun is 003 too: its next step, to use the new card
    within its dates, is the right one, and the table has no nearer row.
    """
    if later:
        return min(later, key=lambda c: c.valid_from), "003"
    last = asked or max(cards, key=lambda c: c.valid_from)
    return last, _ENDED[last.status] if _ended(last, day) else "010"


def _notices(
    card: InsuranceCard,
    *,
    later: Sequence[InsuranceCard],
    person: Person,
    request: LookupRequest,
) -> list[Notice]:
    day = request.on
    asked = request.identifier
    holds = {
        Notice.EXPIRES_SOON: in_force_on(card, day)
        and card.valid_to is not None
        and card.valid_to - day <= EXPIRES_SOON,
        Notice.STARTS_LATER: not has_started(card, day),
        Notice.NEW_CARD_ISSUED: any(c is not card for c in later),
        Notice.FIVE_YEARS_REACHED: card.five_year_on is not None
        and card.five_year_on <= day,
        Notice.NUMBER_SUPERSEDED: asked.kind == "citizen_id"
        and asked.digits != person.citizen_id,
    }
    return [notice for notice, is_so in holds.items() if is_so]

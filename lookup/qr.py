"""Step 1: what the QR codes of the two cards say, and scanner damage undone.

A scanner is a keyboard to the computer, so input methods and terminators get into
its text. What can only have been one thing is repaired; anything else is refused
with the reason, because a wrong guess is a wrong patient. A name that arrives as
Telex keystrokes (``Nguyeenx``) is left alone.

Source: layouts seen in public parsers; no official text describes them.
"""

import re
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Literal, TypeVar

from lookup.characters import plain
from lookup.citizen_id import (
    Identifier,
    LegacyId,
    parse_card_number,
    parse_citizen_id,
)
from lookup.dates import parse_birth_date
from lookup.errors import MalformedError
from lookup.names import parse_name
from lookup.record import BirthDate, Private

QR_MAX = 1024
"""Longest payload worth reading, in characters."""

_SYMBOLOGY = re.compile(r"^\]Q[0-9]")
"""Scanners may say first that what follows is a QR code (ISO/IEC 15424)."""

_CITIZEN_CARD_PARTS_MIN = 6
_INSURANCE_CARD_PARTS = frozenset({9, 10, 14, 16})
"""Parts of 10, 15 and 17 without the closing ``$``; a 10th may be a real one."""

_EMPTY = frozenset({"", "-"})

T = TypeVar("T")


class QrContent(Private, frozen=True):
    """What a card's QR code says of its holder."""

    kind: Literal["citizen_card", "insurance_card"]
    identifier: Identifier
    full_name: str | None
    birth_date: BirthDate | None
    legacy_id: LegacyId | None = None
    """The old 9-digit number, which the chip card repeats."""


def parse_qr(text: str, *, today: date) -> QrContent:
    """Read the payload of a citizen card or an insurance card.

    Raises:
        MalformedError: Longer than 1,024 characters, of neither layout, or damaged
            where the number, the name or the date of birth stands.
    """
    parts = _split(text)
    if re.fullmatch("[0-9]{12}", parts[0]):
        return _citizen_card(parts, today)
    try:
        identifier = parse_card_number(parts[0])
    except MalformedError:
        raise MalformedError(
            "is of no known card: a citizen card begins with 12 digits, an insurance "
            "card with 10 digits or 15 characters"
        ) from None
    return _insurance_card(identifier, parts, today)


def _split(text: str) -> list[str]:
    """The parts, with what scanners and input methods add or change undone."""
    cleaned = plain(text.strip(" \r\n\t"), max_chars=QR_MAX)
    cleaned = _SYMBOLOGY.sub("", cleaned)
    if "|" not in cleaned:
        cleaned = cleaned.replace("\\", "|")
    return [part.strip() for part in cleaned.split("|")]


def _citizen_card(parts: list[str], today: date) -> QrContent:
    """Number, old number, name, birth date, sex, address, day of issue, and more.

    Cards with six parts leave out the old number or the day of issue; the second
    part shows which, because a name has letters.
    """
    if len(parts) < _CITIZEN_CARD_PARTS_MIN:
        raise MalformedError(
            f"is cut off: a citizen card has 6 or 7 parts; {len(parts)} were sent"
        )
    number, *others = parts
    old = "" if any(c.isalpha() for c in others[0]) else others.pop(0)
    return QrContent(
        kind="citizen_card",
        identifier=parse_citizen_id(number),
        full_name=_part("name", parse_name, others[0]),
        birth_date=_birth_date(others[1], today),
        legacy_id=LegacyId(old) if re.fullmatch("[0-9]{9}", old) else None,
    )


def _insurance_card(identifier: Identifier, parts: list[str], today: date) -> QrContent:
    """Number, name in hexadecimal, birth date, and what is not needed here."""
    if parts[-1] in {"$", ""}:
        parts = parts[:-1]
    if len(parts) not in _INSURANCE_CARD_PARTS:
        raise MalformedError(
            f"is cut off: an insurance card has 10, 15 or 17 parts; {len(parts)} were "
            "sent, the end mark not counted"
        )
    name, birth = parts[1], parts[2]
    return QrContent(
        kind="insurance_card",
        identifier=identifier,
        full_name=None if name in _EMPTY else _part("name", _hex_name, name),
        birth_date=None if birth in _EMPTY else _birth_date(birth, today),
    )


def _birth_date(text: str, today: date) -> BirthDate:
    return _part("date of birth", partial(parse_birth_date, today=today), text)


def _hex_name(text: str) -> str:
    try:
        name = bytes.fromhex(text).decode()
    except ValueError:
        raise MalformedError(
            "is not hexadecimal UTF-8; switch the keyboard to English and scan again"
        ) from None
    return parse_name(name)


def _part(what: str, parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except MalformedError as malformed:
        raise MalformedError(f"{what}: {malformed}") from None

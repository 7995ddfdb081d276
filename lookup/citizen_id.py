"""Step 1: the numbers a person is asked for by, each a shape that hides its digits.

What the numbers belong to is not known here; ``lookup.record`` says.
"""

import re
from collections.abc import Container
from dataclasses import dataclass
from typing import ClassVar, Literal

from lookup.characters import plain
from lookup.errors import MalformedError

TEXT_MAX = 64
"""Longest text worth reading, in characters; longer is refused, not cut."""

IdentifierKind = Literal[
    "citizen_id", "legacy_id", "card_number", "social_insurance_number"
]


@dataclass(frozen=True, slots=True, repr=False)
class Identifier:
    """A well-formed number of one kind. Prints as ``***``, also in f-strings."""

    digits: str
    """The number itself. Every use of ``.digits`` is a place to audit."""

    kind: ClassVar[IdentifierKind]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class CitizenId(Identifier):
    """A citizen ID (số định danh cá nhân, on the card *số CCCD*): 12 digits.

    No check digit exists, so a well-formed ID may still belong to nobody.

    Source: Decree 137/2015/NĐ-CP, art. 13; Circular 07/2016/TT-BCA, art. 7.
    """

    __slots__ = ()
    kind: ClassVar[IdentifierKind] = "citizen_id"

    @property
    def province_code(self) -> str:
        """Code of the province where the birth was registered, 3 digits."""
        return self.digits[:3]

    @property
    def birth_year(self) -> int:
        """Year of birth as the number has it; corrections may have made it wrong."""
        return 1900 + 100 * (int(self.digits[3]) // 2) + int(self.digits[4:6])

    @property
    def sex(self) -> Literal["male", "female"]:
        """Sex as the number has it; corrections may have made it wrong."""
        return "female" if int(self.digits[3]) % 2 else "male"


class LegacyId(Identifier):
    """A number of the old identity card (số CMND): 9 digits."""

    __slots__ = ()
    kind: ClassVar[IdentifierKind] = "legacy_id"


class CardNumber(Identifier):
    """A health-insurance card number (mã thẻ BHYT): 2 letters and 13 digits.

    Subject code, benefit digit, 2-digit province, 10-digit social-insurance number.

    Source: Decision 1351/QĐ-BHXH of 2015.
    """

    __slots__ = ()
    kind: ClassVar[IdentifierKind] = "card_number"


class SocialInsuranceNumber(Identifier):
    """A social-insurance number (mã số BHXH), as printed on cards since 2021.

    Source: Decision 1666/QĐ-BHXH of 2020.
    """

    __slots__ = ()
    kind: ClassVar[IdentifierKind] = "social_insurance_number"


_PERSON_NUMBERS: dict[int, type[CitizenId | LegacyId]] = {12: CitizenId, 9: LegacyId}
"""What a number of so many digits is."""

_BETWEEN = re.compile("[ .-]")
_CARD_NUMBER = re.compile("[A-Z]{2}[0-9]{13}")
_CARD_FORM = "must be 2 letters and 13 digits, or 10 digits"


def parse_citizen_id(text: str) -> CitizenId:
    """Read a citizen ID as typed or scanned, or say what is wrong with it.

    Spaces, dots, dashes and full-width digits are accepted, because scanners and
    phone keyboards send them.

    Raises:
        MalformedError: Too long to read, not only digits, or not 12 of them.
    """
    return CitizenId(_digits(text, (12,), "must be 12 digits"))


def parse_person_number(text: str) -> CitizenId | LegacyId:
    """Read a citizen ID, or the old 9-digit number that some still carry.

    Raises:
        MalformedError: As for ``parse_citizen_id``; neither 12 nor 9 digits.
    """
    digits = _digits(text, _PERSON_NUMBERS, "must be 12 digits (or the old 9)")
    return _PERSON_NUMBERS[len(digits)](digits)


def parse_card_number(text: str) -> CardNumber | SocialInsuranceNumber:
    """Read an insurance card's number: the whole one, or the 10 digits of new cards.

    Small letters are accepted. So is Đ for D: a Vietnamese input method makes it of
    what a scanner types, and no number has a Đ. Whether the number can exist is for
    ``lookup.card_tables``.

    Raises:
        MalformedError: Too long to read, or neither of the two forms.
    """
    number = _compact(text)
    if number.isdigit():
        return SocialInsuranceNumber(_digits(number, (10,), _CARD_FORM))
    number = number.replace("đ", "D").replace("Đ", "D")
    if number.isascii() and _CARD_NUMBER.fullmatch(number.upper()):
        return CardNumber(number.upper())
    raise MalformedError(f"{_CARD_FORM}; {len(number)} characters were sent")


def _digits(text: str, lengths: Container[int], form: str) -> str:
    number = _compact(text)
    is_plain = number.isascii() and number.isdigit()
    if strange := 0 if is_plain else _strange(number):
        raise MalformedError(f"{form}; characters that are no digits: {strange}")
    if len(number) not in lengths:
        raise MalformedError(f"{form}; {len(number)} were sent")
    return number


def _strange(number: str) -> int:
    return sum(character not in "0123456789" for character in number)


def _compact(text: str) -> str:
    """The text without what people put between digits."""
    return _BETWEEN.sub("", plain(text, max_chars=TEXT_MAX))

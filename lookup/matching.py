"""Step 3: whether what the desk claims fits the person on record.

What follows from it is ``lookup.eligibility``; who may learn it ``lookup.disclosure``.
"""

from enum import StrEnum
from typing import Literal

from lookup.names import fold_name
from lookup.record import BirthDate, Person
from lookup.request import Claim


class NameMatch(StrEnum):
    """How well two names fit."""

    EXACT = "exact"
    """Equal when folded; accents do not matter, words and their order do."""

    NEAR = "near"
    """Probably one person, written in two ways: somebody should look."""

    DIFFERENT = "different"


class BirthMatch(StrEnum):
    """How well two dates of birth fit."""

    EXACT = "exact"
    PARTIAL = "partial"
    """One is known less exactly; they agree in what both know."""

    SWAPPED = "swapped"
    """Day and month changed places: a mismatch, but one with a likely cause."""

    DIFFERENT = "different"


ClaimMatch = Literal["fits", "name_differs", "name_nearly", "birth_differs"]

_NAME_FAULTS: dict[NameMatch, ClaimMatch] = {
    NameMatch.NEAR: "name_nearly",
    NameMatch.DIFFERENT: "name_differs",
}


def match_claim(claim: Claim, person: Person) -> ClaimMatch:
    """Compare a claim with the record: the name first, then the date of birth.

    Who claims nothing differs in nothing. Sex is not compared: corrections leave it
    wrong in numbers and on old cards.
    """
    if claim.full_name is not None:
        match = match_name(claim.full_name, person.full_name)
        if match in _NAME_FAULTS:
            return _NAME_FAULTS[match]
    if claim.birth_date is None or _birth_fits(claim, person.birth_date):
        return "fits"
    return "birth_differs"


def match_name(claimed: str, stored: str) -> NameMatch:
    """Grade how well two names fit, the same either way round; takes any texts.

    Near is: the words in another order, other spaces, the same initial of every
    word (which covers abbreviations), or one word between first and last missing.
    """
    if claimed == stored:
        return NameMatch.EXACT
    one, other = fold_name(claimed).split(), fold_name(stored).split()
    if one == other:
        return NameMatch.EXACT
    is_near = (
        sorted(one) == sorted(other)
        or "".join(one) == "".join(other)
        or [word[0] for word in one] == [word[0] for word in other]
        or _lacks_a_middle_word(one, other)
        or _lacks_a_middle_word(other, one)
    )
    return NameMatch.NEAR if is_near else NameMatch.DIFFERENT


def match_birth_date(claimed: BirthDate, stored: BirthDate) -> BirthMatch:
    """Grade how well two dates of birth fit, the same either way round."""
    if claimed == stored:
        return BirthMatch.EXACT
    if _agree(claimed, stored):
        return BirthMatch.PARTIAL
    if claimed == BirthDate(year=stored.year, month=stored.day, day=stored.month):
        return BirthMatch.SWAPPED
    return BirthMatch.DIFFERENT


def _birth_fits(claim: Claim, stored: BirthDate) -> bool:
    """Whether the claimed birth date will do.

    A record that knows only the year asks for no more than that. A claim of only
    the year when the record has the day is good enough beside a name, not alone.
    """
    assert claim.birth_date is not None
    match = match_birth_date(claim.birth_date, stored)
    if match is BirthMatch.PARTIAL and _known(claim.birth_date) < _known(stored):
        return claim.full_name is not None
    return match in {BirthMatch.EXACT, BirthMatch.PARTIAL}


def _lacks_a_middle_word(shorter: list[str], longer: list[str]) -> bool:
    return any(
        longer[:middle] + longer[middle + 1 :] == shorter
        for middle in range(1, len(longer) - 1)
    )


def _agree(one: BirthDate, other: BirthDate) -> bool:
    return all(
        mine is None or theirs is None or mine == theirs
        for mine, theirs in zip(_values(one), _values(other), strict=True)
    )


def _known(birth: BirthDate) -> int:
    return sum(part is not None for part in _values(birth))


def _values(birth: BirthDate) -> tuple[int, int | None, int | None]:
    return birth.year, birth.month, birth.day

"""Vietnamese names: cleaned for showing, folded for comparing.

Whether two folded names fit is for ``lookup.matching``.
"""

import re
import unicodedata

from lookup.characters import plain
from lookup.errors import MalformedError

NAME_MAX = 100
"""Longest name worth reading, in characters."""

_APOSTROPHES = "'’‘ʼʻ`´ʹ′"
_ALLOWED_SIGNS = frozenset(f" .-{_APOSTROPHES}")

_SAME_LETTER = str.maketrans(
    dict.fromkeys("ĐđÐðƉɖ", "d")
    | dict.fromkeys("Ƀƀ", "b")
    | dict.fromkeys(_APOSTROPHES, "'")
)
"""Letters that do not decompose, and the look-alikes keyboards send for them."""

_ASCII_LETTER = {
    code: chr(code).lower() if chr(code).isalpha() else " " for code in range(128)
} | dict.fromkeys(map(ord, "'`"), "'")
"""The same, case and all, for what is ASCII without its accents: Vietnamese names."""

_ACCENTS = re.compile("[\u0300-\u036f]")
"""The accents of Latin letters, among them all Vietnamese ones."""

_JOINING = re.compile(" *' *")
"""K'Brèo, K’ Brèo and KBrèo are one name."""

_NAME_PREFIX = re.compile("^([hk]) (?=[^ ]{2})")
"""K' and H' of the Central Highlands, where the apostrophe was left out."""

_DOUBTFUL_Y = re.compile(r"(?<=[bcdghklmnpqrstvx])y\b|(?<=\bqu)y\b")
"""A y that is the only vowel of its syllable: Lý or Lí, Mỹ or Mĩ, Quý or Quí.

Elsewhere y and i are different sounds: Thúy is not Thúi.

Source: Decision 240/QĐ of the Ministry of Education, 1984, on spelling.
"""


def parse_name(text: str) -> str:
    """Read a name as it may be shown: composed (NFC), single spaces, case as sent.

    A name sent as Telex keystrokes (``Nguyeenx``) is left as it is: it may be meant.

    Raises:
        MalformedError: Empty, longer than 100 characters, or with anything in it
            but letters, spaces, apostrophes, hyphens and dots.
    """
    name = unicodedata.normalize("NFC", plain(text, max_chars=NAME_MAX))
    if name.replace(" ", "").isalpha():  # as nearly every name is
        return name
    if not name:
        raise MalformedError("is empty")
    strange = sum(not _may_stand_in_a_name(character) for character in name)
    if strange:
        raise MalformedError(f"has characters in it that no name has: {strange}")
    if not any(character.isalpha() for character in name):
        raise MalformedError("has no letter in it")
    return name


def fold_name(text: str) -> str:
    """Fold a name until only differences that matter are left; takes any text.

    Case, accents, Đ, composed or decomposed letters, where the tone stands (Hoà or
    Hòa), y or i alone in a syllable, apostrophes, hyphens and spaces do not matter.
    Folding twice changes nothing more.

    Returns:
        Small letters and single spaces; empty when the text has no letter.
    """
    bare = _bare(text.translate(_SAME_LETTER))
    if bare.isascii():
        letters = bare.translate(_ASCII_LETTER)
    else:
        bare = _bare(bare.casefold()).translate(_SAME_LETTER)
        letters = "".join(c if c.isalpha() or c == "'" else " " for c in bare)
    words = " ".join(_JOINING.sub("", letters).split())
    return _DOUBTFUL_Y.sub("i", _NAME_PREFIX.sub(r"\1", words))


def _may_stand_in_a_name(character: str) -> bool:
    return (
        character.isalpha()
        or character in _ALLOWED_SIGNS
        or unicodedata.category(character) == "Mn"
    )


def _bare(text: str) -> str:
    """The text without accents and without characters that have no width."""
    apart = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    if apart.isascii():
        return apart
    return "".join(
        character
        for character in apart
        if unicodedata.category(character) not in {"Mn", "Mc", "Me", "Cf"}
    )

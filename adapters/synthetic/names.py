"""How a person is called, and the other ways in which that gets written down."""

import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache

from adapters.synthetic import name_tables as tables
from adapters.synthetic.draws import Draw, happens, pick, urn

_PEOPLES = urn(tables.PEOPLES)
_KINH_FAMILIES = urn(tables.KINH_FAMILIES)
_FAMILIES = {people: urn(names) for people, names in tables.FAMILIES.items()}
_MIDDLES = {"male": urn(tables.MALE_MIDDLES), "female": urn(tables.FEMALE_MIDDLES)}
_GIVEN = {"male": urn(tables.MALE_GIVEN), "female": urn(tables.FEMALE_GIVEN)}
_HIGHLAND_GIVEN = {
    "male": urn(tables.HIGHLAND_MALE_GIVEN, size=256),
    "female": urn(tables.HIGHLAND_FEMALE_GIVEN, size=256),
}

MINORITY_PEOPLES = frozenset(tables.PEOPLES) - {"kinh", "hoa"}
"""Peoples for whom the law on insurance has groups of their own."""


def people(draw: Draw) -> str:
    """To which people somebody belongs (dân tộc)."""
    return pick(_PEOPLES, draw)


def full_name(people: str, sex: str, draw: Draw) -> str:
    """A name in the order and manner of that people, each word capitalised."""
    highland = _HIGHLAND.get(people)
    if highland is not None:
        return highland(sex, draw)
    family = pick(_FAMILIES.get(people, _KINH_FAMILIES), draw)
    return f"{family} {pick(_MIDDLES[sex], draw)} {pick(_GIVEN[sex], draw)}"


def other_name(name: str, sex: str, draw: Draw) -> str:
    """The name of another person of that family: its given name begins otherwise."""
    family, _, rest = name.partition(" ")
    initial = without_accents(rest.split(" ")[-1])[0]
    given = pick(_GIVEN[sex], draw)
    while without_accents(given)[0] == initial:
        given = pick(_GIVEN[sex], draw)
    return f"{family} {pick(_MIDDLES[sex], draw)} {given}"


def given_name_first(name: str) -> str:
    """The name as a form for foreigners turns it: given name, family, middle."""
    before, _, given = name.rpartition(" ")
    return f"{given} {before}"


def middle_abbreviated(name: str) -> str:
    """The name with its middle words cut down to their initials."""
    family, *middles, given = name.split(" ")
    return " ".join((family, *(f"{word[0]}." for word in middles), given))


@lru_cache(maxsize=65_536)
def without_accents(text: str) -> str:
    """The text in plain letters, as old machines kept it; Đ becomes D."""
    plain = text.replace("Đ", "D").replace("đ", "d")
    letters = unicodedata.normalize("NFD", plain)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def d_for_d_bar(name: str) -> str:
    """The name with D where Đ belongs."""
    return name.replace("Đ", "D").replace("đ", "d")


def tone_elsewhere(name: str) -> str:
    """The name with the tone mark on the other vowel: Hòa and Hoà."""
    return " ".join([_with_tone_elsewhere(word) for word in name.split(" ")])


def i_for_y(name: str) -> str:
    """The name with i where y closes a syllable: Mỹ and Mĩ, Quý and Quí."""
    return " ".join([_with_i(word) for word in name.split(" ")])


_SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "tone_elsewhere": tone_elsewhere,
    "i_for_y": i_for_y,
    "d_for_d_bar": d_for_d_bar,
    "name_without_accents": without_accents,
}


def spelled(name: str, shares: Mapping[str, float], draw: Draw) -> str:
    """The name as some register keeps it, the same name to every reader."""
    for variant, spell in _SPELLINGS.items():
        if happens(shares.get(variant, 0.0), draw):
            name = spell(name)
    return name


_TONES = {
    after: before
    for first, second in ("oa", "oe", "uy")
    for mark in "\u0300\u0301\u0303\u0309\u0323"
    for after, before in (
        (
            unicodedata.normalize("NFC", f"{first}{mark}{second}"),
            unicodedata.normalize("NFC", f"{first}{second}{mark}"),
        ),
    )
}
_Y_TO_I = dict(zip("yỳýỷỹỵ", "iìíỉĩị", strict=True))
_VOWELS = frozenset("aeiouy")


@lru_cache(maxsize=65_536)
def _with_tone_elsewhere(word: str) -> str:
    if word[:2] in {"Qu", "qu"}:
        return word
    return word[:-2] + _TONES.get(word[-2:], word[-2:])


@lru_cache(maxsize=65_536)
def _with_i(word: str) -> str:
    stem, last = word[:-1], word[-1]
    closes = stem in {"Qu", "qu"} or without_accents(stem[-1:]).lower() not in _VOWELS
    return stem + _Y_TO_I.get(last, last) if stem and closes else word


def _kho_name(sex: str, draw: Draw) -> str:
    given = pick(_HIGHLAND_GIVEN[sex], draw)
    called = f"K'{given}" if sex == "male" else f"Ka {given}"
    return f"{pick(tables.KHO_CLANS, draw)} {called}" if happens(0.4, draw) else called


def _mnong_name(sex: str, draw: Draw) -> str:
    given = pick(_HIGHLAND_GIVEN[sex], draw)
    return f"Điểu {given}" if sex == "male" else f"Thị {given}"


def _ede_name(sex: str, draw: Draw) -> str:
    given = pick(_HIGHLAND_GIVEN[sex], draw)
    called = f"Y {given}" if sex == "male" else f"H'{given}"
    return f"{called} {pick(tables.EDE_FAMILIES, draw)}"


def _churu_name(sex: str, draw: Draw) -> str:
    called = "Ya" if sex == "male" else "Ma"
    given = pick(_HIGHLAND_GIVEN[sex], draw)
    return f"{pick(tables.CHURU_CLANS, draw)} {called} {given}"


_HIGHLAND: Mapping[str, Callable[[str, Draw], str]] = {
    "kho": _kho_name,
    "ma": _kho_name,
    "mnong": _mnong_name,
    "ede": _ede_name,
    "churu": _churu_name,
}
"""Peoples whose names do not go family, middle, given."""

"""Which share of the people has which oddity, read from a TOML file and checked."""

import tomllib
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from adapters.synthetic.errors import ProfileError

IN_FORCE = "in_force"
"""The kind of everybody to whom no other kind falls."""

CODES: Mapping[str, str] = {
    IN_FORCE: "000",
    "defence_card": "001",
    "public_security_card": "002",
    "renewal_gap": "003",
    "renewed_early": "004",
    "lapsed_card": "010",
    "card_not_linked": "050",
    "no_card": "050",
    "unknown_number": "050",
    "restricted_person": "050",
    "different_name": "060",
    "swapped_name": "061",
    "abbreviated_name": "061",
    "day_month_swapped": "070",
    "different_birth_date": "070",
    "revoked_card": "110",
    "decreased_card": "120",
    "moved_out_of_province": "121",
    "moved_within_province": "122",
    "readded_at_same_unit": "123",
    "stopped": "124",
    "child_without_card": "130",
}
"""Every kind of person, and the result code of the plain lookup of one.

The plain lookup gives the number, the name and the birth date of the citizen card.
"""

VARIANTS = frozenset(
    {
        "superseded_number",
        "old_number_on_card",
        "legacy_number",
        "name_without_accents",
        "tone_elsewhere",
        "d_for_d_bar",
        "i_for_y",
        "year_only",
        "month_and_year",
        "expires_soon",
    }
)
"""Oddities that leave the result code as it is."""

PACKAGED = ("default", "clean")
"""Profiles that come with the package, known by name."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares between 0 and 1; a name that is missing has the share 0."""

    name: str = field(compare=False)
    kinds: Mapping[str, float]
    """Share of all people, by kind; ``in_force`` takes what is left."""

    variants: Mapping[str, float]
    """Share of the people to whom the variant can happen."""


def read_profile(name_or_path: str) -> Profile:
    """Read a packaged profile by its name, or any other from its file.

    Raises:
        ProfileError: There is no such file, or it is not a profile; all faults at
            once.
    """
    try:
        content = tomllib.loads(_text(name_or_path))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ProfileError(name_or_path, (str(exc),)) from exc
    return profile_from(content, name=name_or_path)


def profile_from(content: Mapping[str, Any], *, name: str) -> Profile:
    """Check what a profile file holds.

    Raises:
        ProfileError: Unknown names, shares outside 0 to 1, or more than everybody;
            all faults at once.
    """
    faults = (*_section_faults(content), *_sum_faults(content))
    if faults:
        raise ProfileError(name, faults)
    return Profile(
        name=name,
        kinds=_shares(content.get("kinds", {})),
        variants=_shares(content.get("variants", {})),
    )


def shares_by_kind(profile: Profile) -> dict[str, float]:
    """Share of all people by kind, ``in_force`` included; they sum to 1."""
    rest = max(0.0, 1.0 - sum(profile.kinds.values()))
    return {IN_FORCE: rest, **profile.kinds}


def expected_outcomes(profile: Profile) -> dict[str, float]:
    """Share of plain lookups by result code, as the profile promises it."""
    shares: dict[str, float] = {}
    for kind, share in shares_by_kind(profile).items():
        shares[CODES[kind]] = shares.get(CODES[kind], 0.0) + share
    return {code: shares[code] for code in sorted(shares) if shares[code]}


def _text(name_or_path: str) -> str:
    if name_or_path in PACKAGED:
        folder = files("adapters.synthetic") / "profiles"
        return (folder / f"{name_or_path}.toml").read_text("utf-8")
    return Path(name_or_path).read_text("utf-8")


def _section_faults(content: Mapping[str, Any]) -> Iterator[str]:
    known = {"kinds": CODES.keys() - {IN_FORCE}, "variants": VARIANTS}
    for section, shares in content.items():
        if section not in known:
            yield f"{section}: unknown section, known are {', '.join(known)}"
        elif not isinstance(shares, Mapping):
            yield f"{section}: must be a table of shares"
        else:
            yield from _share_faults(section, shares, known[section])


def _share_faults(
    section: str, shares: Mapping[str, Any], known: AbstractSet[str]
) -> Iterator[str]:
    for name, share in shares.items():
        if name not in known:
            yield f"{section}.{name}: unknown name"
        if not _is_number(share) or not 0 <= share <= 1:
            yield f"{section}.{name}: must be a number from 0 to 1"


def _sum_faults(content: Mapping[str, Any]) -> Iterator[str]:
    kinds = content.get("kinds", {})
    if not isinstance(kinds, Mapping):
        return
    total = sum(share for share in kinds.values() if _is_number(share))
    if total > 1 + 1e-9:
        yield f"kinds: the shares sum to {total:.4f}, more than 1"


def _is_number(share: object) -> bool:
    return isinstance(share, int | float) and not isinstance(share, bool)


def _shares(section: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(share) for name, share in sorted(section.items())}

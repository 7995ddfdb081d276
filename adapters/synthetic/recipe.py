"""What a population is made from, and what follows from it for every person."""

from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from adapters.synthetic.draws import Draw
from adapters.synthetic.errors import RecipeError
from adapters.synthetic.profile import CODES, IN_FORCE, Profile, shares_by_kind

RECIPE_VERSION = 1
"""Raised whenever the same recipe makes other people than before."""

CITIZENS_MAX = 4_000_000
"""Numbers are provably unique up to here; see ``adapters.synthetic.identity``."""

CHUNK_SIZE = 10_000
"""People made and loaded in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything the population hangs on. Same recipe, same bytes.

    Raises:
        RecipeError: A number is out of range.
    """

    seed: int
    citizens: int
    health_records: int
    """How many of the citizens have a health record."""

    profile: Profile
    anchor: date
    """The day on which the shares hold: cards are in force or expired on it."""

    def __post_init__(self) -> None:
        if not 1 <= self.citizens <= CITIZENS_MAX:
            raise RecipeError(f"citizens must be from 1 to {CITIZENS_MAX:,}")
        if not 0 <= self.health_records <= self.citizens:
            raise RecipeError("health records must be from 0 to the number of citizens")
        if not 0 <= self.seed < 1 << 63:
            raise RecipeError("the seed must be from 0 to 2^63 - 1")

    @property
    def key(self) -> bytes:
        """What all draws hang on; not the numbers of people, so few are like many."""
        return self.seed.to_bytes(8, "little")

    @property
    def chunks(self) -> int:
        """How many chunks the population is made in."""
        return -(-self.citizens // CHUNK_SIZE)

    def members(self, chunk: int) -> range:
        """The people of a chunk."""
        start = chunk * CHUNK_SIZE
        return range(start, min(start + CHUNK_SIZE, self.citizens))

    def has_health_record(self, n: int) -> bool:
        """Whether person n has one: spread evenly, person 0 first, as many as asked."""
        wanted, total = self.health_records, self.citizens
        return n * wanted % total < wanted


class Kinds:
    """Which kind of person each one is, in the shares of a profile.

    The first people are set, not drawn: one for each result code the profile knows,
    so that the rarest is there in the smallest population.
    """

    def __init__(self, profile: Profile) -> None:
        shares = shares_by_kind(profile)
        self._names = tuple(shares)
        self._bounds = tuple(accumulate(share * (1 << 32) for share in shares.values()))
        self.first_by_code = _first_by_code(shares)
        self._set = tuple(self.first_by_code.values())

    def kind(self, n: int, draw: Draw) -> str:
        """The kind of person n; costs two numbers."""
        point = draw() << 16 | draw()
        if n < len(self._set):
            return self._set[n]
        return self._names[min(bisect(self._bounds, point), len(self._names) - 1)]

    def is_set(self, n: int) -> bool:
        """Whether person n stands for a result code, and so has no other oddity."""
        return n < len(self._set)


def _first_by_code(shares: Mapping[str, float]) -> dict[str, str]:
    present = [kind for kind in CODES if shares.get(kind, 0.0) > 0.0]
    by_code: dict[str, str] = {}
    for kind in sorted(present, key=lambda kind: (CODES[kind], kind != IN_FORCE)):
        by_code.setdefault(CODES[kind], kind)
    return by_code

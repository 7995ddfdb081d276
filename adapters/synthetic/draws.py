"""Chance that anyone can repeat: the numbers drawn for one person, and what from.

Everything about person n hangs on the key and on n alone, never on who was made
before. So any process may make any part of the population, and a single person can
be made again without the others.
"""

import hashlib
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")

Draw = Callable[[], int]
"""Gives the next number, evenly from 0 to 65,535."""

DRAW_COUNT = 128
"""Numbers at hand for one person; of 60,000 people none needed more than 93."""

DRAW_RANGE = 1 << 16

_unpack = struct.Struct(f"<{DRAW_COUNT}H").unpack


def draws(key: bytes, n: int) -> Draw:
    """The numbers of person n, always in the same order."""
    digest = hashlib.shake_256(key + n.to_bytes(8, "little")).digest(2 * DRAW_COUNT)
    return iter(_unpack(digest)).__next__


def urn(weights: Mapping[T, float], *, size: int = 4096) -> tuple[T, ...]:
    """Spread things over an urn of about ``size`` lots by weight.

    One lot is picked with ``lots[draw() % len(lots)]``, which costs one step
    whatever the number of things. Everything gets at least one lot.
    """
    total = sum(weights.values())
    lots: list[T] = []
    for thing, weight in weights.items():
        lots.extend([thing] * max(1, round(weight / total * size)))
    return tuple(lots)


def pick(lots: Sequence[T], draw: Draw) -> T:
    """One of the lots, each as likely as the other."""
    return lots[draw() % len(lots)]


def happens(share: float, draw: Draw) -> bool:
    """Whether something of this share happens; costs one number."""
    return draw() < share * DRAW_RANGE


@lru_cache(maxsize=65_536)
def bijection(key: bytes, purpose: str, digits: int) -> tuple[int, int]:
    """Factor and offset of a mapping of 0 … 10^digits - 1 onto itself.

    ``(factor * j + offset) % 10**digits`` gives different results for different j
    because the factor has no divisor in common with a power of ten.
    """
    digest = hashlib.shake_256(key + purpose.encode()).digest(16)
    modulus = 10**digits
    tens = int.from_bytes(digest[:8], "little") % (modulus // 10)
    factor = tens * 10 + (1, 3, 7, 9)[digest[8] % 4]
    return factor, int.from_bytes(digest[9:], "little") % modulus

"""Keeps the latest answers of a pure function, found by the identity of its arguments.

To look at the content of a record costs more than to answer from it, so things that
never change are known by where they are. Each is held as long as its answer is kept:
nothing else can take its place meanwhile.
"""

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def same_again(function: Callable[..., T], *, at_most: int) -> Callable[..., T]:
    """A function that gives the same answer again to the very same things.

    Args:
        function: What is asked the first time.
        at_most: Answers kept; the oldest makes room.
    """
    kept: dict[tuple[int, ...], tuple[T, tuple[Any, ...]]] = {}

    def answer(*given: Any) -> T:
        place = tuple(map(id, given))
        found = kept.get(place)
        if found is None:
            found = function(*given), given
            if len(kept) >= at_most:
                del kept[next(iter(kept))]
            kept[place] = found
        return found[0]

    return answer

"""How much time is left for a lookup: a value, passed along, never global."""

from collections.abc import Callable

import msgspec

from lookup.errors import DeadlineExceededError


class Deadline(msgspec.Struct, frozen=True):
    """The instant after which nobody waits any more."""

    expires_s: float
    """On the clock ``monotonic``, in seconds."""

    monotonic: Callable[[], float]

    def left_s(self, at_most_s: float | None = None) -> float:
        """Seconds left, cut to ``at_most_s``.

        Raises:
            DeadlineExceededError: None is left.
        """
        left_s = self.expires_s - self.monotonic()
        if left_s <= 0:
            raise DeadlineExceededError("time is up")
        return left_s if at_most_s is None else min(left_s, at_most_s)

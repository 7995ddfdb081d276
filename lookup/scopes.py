"""How far a client reaches: the scopes an API key may carry."""

from enum import StrEnum
from functools import lru_cache


class Scope(StrEnum):
    """One thing a client may do; without any scope it may do nothing."""

    LOOKUP = "lookup:read"
    """Ask about coverage, with a number and a name or birth date."""

    ID_ONLY = "lookup:id-only"
    """Ask with a number alone, for a counter that has checked the card itself."""

    BATCH = "lookup:batch"
    """Ask about many people in one request."""

    HEALTH = "health:read"
    """See the health facet of a person whose identity matched."""

    MISMATCH_DETAIL = "mismatch:detail"
    """Learn whether a number is unknown or what about the person did not fit."""

    RESTRICTED = "restricted:read"
    """See people whose records are protected by order."""


@lru_cache(maxsize=256)
def same_scopes(scopes: frozenset[Scope]) -> frozenset[Scope]:
    """One object for equal sets; ``lookup.memo`` knows scopes by identity."""
    return scopes

"""Step 4: what this asker may learn from an eligibility; pure.

Whoever asks with a wrong claim must not learn that the number belongs to somebody:
a mismatch looks like nobody, in words and in size, unless the client may see the
difference. The exact code still goes to audit and metrics.
"""

from lookup.eligibility import Eligibility
from lookup.scopes import Scope

NOBODY = "050"

_HIDDEN = frozenset({"060", "061", "070"})
"""Mismatches against a person's record. 051 to 053 speak of the typed number alone
and say nothing about anybody."""


def told_code(eligibility: Eligibility, scopes: frozenset[Scope]) -> str:
    """The result code that a client with these scopes reads."""
    if eligibility.code in _HIDDEN and Scope.MISMATCH_DETAIL not in scopes:
        return NOBODY
    return eligibility.code


def shows_freshness(eligibility: Eligibility, scopes: frozenset[Scope]) -> bool:
    """Whether age and source are told.

    "Nobody" is remembered for a shorter time than a person, so the age of an answer
    that shows no person would tell the two apart.
    """
    return eligibility.identity_fits or Scope.MISMATCH_DETAIL in scopes

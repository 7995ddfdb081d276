"""SMART's scopes in our own words: what ``system/Coverage.read`` lets a client do.

Our own names are understood beside them, for what SMART has no word for. Both
spellings of SMART are: ``.read`` of version 1 and ``.rs`` of version 2.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lookup.scopes import Scope

_COVERAGE = frozenset({Scope.LOOKUP})
_HEALTH = frozenset({Scope.LOOKUP, Scope.HEALTH})

_READ = re.compile(r"read|\*|r?s?|cruds")
_CREATE = re.compile(r"write|\*|c|cruds")

_RESOURCES: Mapping[str, tuple[re.Pattern[str], frozenset[Scope]]] = MappingProxyType(
    {
        "Coverage": (_READ, _COVERAGE),
        "CoverageEligibilityRequest": (_CREATE, _COVERAGE),
        "DocumentReference": (_READ, _HEALTH),
        "Patient": (_READ, _COVERAGE),
        "Composition": (_READ, _HEALTH),
        "*": (_READ, _HEALTH),
    }
)
"""What of each resource can be done here, and the scopes of ours it takes.

``Composition`` stands for the patient summary.
"""

SUPPORTED = (
    "system/Composition.read",
    "system/Coverage.read",
    "system/CoverageEligibilityRequest.write",
    "system/DocumentReference.read",
    "system/Patient.read",
    "system/*.read",
    *Scope,
)
"""What the service says it understands; shorter and newer spellings work, too."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What of the wanted scopes a client gets: as it wrote them, and as we mean them.

    Both are empty when it gets nothing.
    """

    texts: tuple[str, ...]
    scopes: frozenset[Scope]


def grant(wanted: str, held: frozenset[Scope]) -> Granted:
    """Give a client what it wants as far as it holds it; the rest is left out.

    Args:
        wanted: Scopes divided by spaces.
        held: The scopes of the client.
    """
    meant = {text: _meaning(text) for text in dict.fromkeys(wanted.split())}
    given = {text: own for text, own in meant.items() if own and own <= held}
    return Granted(tuple(given), frozenset().union(*given.values()))


def _meaning(text: str) -> frozenset[Scope]:
    """Our scopes behind a word; none when it says nothing that can be done here."""
    if text in frozenset(Scope):
        return frozenset({Scope(text)})
    resource, _, action = text.removeprefix("system/").partition(".")
    if not text.startswith("system/") or not action or resource not in _RESOURCES:
        return frozenset()
    possible, own = _RESOURCES[resource]
    return own if possible.fullmatch(action) else frozenset()

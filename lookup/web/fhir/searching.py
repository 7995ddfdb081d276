"""Search parameters: which are understood, and what may stand in an address.

A number, a name or a birth date never may: addresses are written down in too many
places. Ids of this service may, because they say nothing.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from lookup.errors import Fault, InvalidRequestError
from lookup.web.fhir.asking import PERSONAL, Asked, by_person, by_reference
from lookup.web.fhir.naming import Naming
from lookup.web.fhir.negotiation import answer_type, is_strict
from lookup.web.forms import FORM, read_form
from lookup.web.lookups import BODY_TIMEOUT_S, read_body

FORMAT = "_format"

_CHAIN = "patient."
"""Start of a parameter that says something of the patient of what is searched."""

_OF_PATIENT = frozenset(f"{_CHAIN}{name}" for name in PERSONAL)

PATIENT_PARAMETERS = frozenset({"_id", *PERSONAL})
COVERAGE_PARAMETERS = _OF_PATIENT | {"patient", "beneficiary", "identifier"}
DOCUMENT_PARAMETERS = _OF_PATIENT | {"patient"}

_REFERENCES = ("_id", "patient", "beneficiary")
"""Parameters that hold an id or a reference."""


@dataclass(frozen=True, slots=True, repr=False)
class Search:
    """The parameters of one search."""

    said: dict[str, str]
    ignored: int
    """How many more there were that are not known."""

    form: str
    """Media type of the answer."""

    def asked(self, naming: Naming) -> Asked:
        """Whom the search is about.

        Raises:
            InvalidRequestError: Nobody is named, or not in a way that is understood.
        """
        for name in _REFERENCES:
            if name in self.said:
                return by_reference(self.said[name], naming, pointer=f"/{name}")
        of_patient = {
            name.removeprefix(_CHAIN): text
            for name, text in self.said.items()
            if name.startswith(_CHAIN)
        }
        own = {name: self.said[name] for name in PERSONAL if name in self.said}
        return by_person(own | of_patient, naming)


async def read_search(request: web.Request, *, known: Iterable[str]) -> Search:
    """Read a search from the address and, where it was posted, from its form.

    Args:
        request: The request.
        known: Parameters that this resource is searched by, ``_format`` aside.

    Raises:
        InvalidRequestError: Something personal stands in the address, a parameter has
            a modifier or is there twice, or is unknown and the caller is strict.
        web.HTTPNotAcceptable: The form that is wanted cannot be had.
    """
    pairs = list(request.query.items())
    _refuse_personal(name for name, _ in pairs)
    if request.method == "POST":
        body = await read_body(request, timeout_s=BODY_TIMEOUT_S, accepted=(FORM,))
        pairs = pairs + read_form(body)
    said, ignored = _gathered(pairs, frozenset(known) | {FORMAT})
    if ignored and is_strict(request):
        reason = f"is wanted strictly, but {ignored} parameters are not known"
        raise InvalidRequestError(Fault("", reason))
    return Search(said, ignored, answer_type(request, said.get(FORMAT)))


def _refuse_personal(names: Iterable[str]) -> None:
    """Refuse what may only be posted, with all its modifiers and chains."""
    reason = (
        "says something about a person and must not stand in an address, where it "
        "would be written down: POST it as a form to _search"
    )
    plain = (re.split(r"[:.]", name) for name in names)
    found = {part for parts in plain for part in parts} & set(PERSONAL)
    if found:
        raise InvalidRequestError(*(Fault(f"/{n}", reason) for n in sorted(found)))


def _gathered(
    pairs: Iterable[tuple[str, str]], known: frozenset[str]
) -> tuple[dict[str, str], int]:
    """The known parameters, and how many there were beside them."""
    said: dict[str, str] = {}
    ignored = 0
    for name, text in pairs:
        plain, colon, _ = name.partition(":")
        if plain not in known:
            ignored += 1
        elif colon:
            raise InvalidRequestError(Fault(f"/{plain}", "takes no modifier"))
        elif plain not in said:
            said[plain] = text
        elif plain.removeprefix(_CHAIN) == "given":
            said[plain] += f" {text}"
        else:
            raise InvalidRequestError(Fault(f"/{plain}", "is there twice"))
    return said, ignored

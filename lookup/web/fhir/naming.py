"""How numbers, ids and addresses are written for one client."""

from dataclasses import dataclass

from lookup.citizen_id import CardNumber, CitizenId, Identifier
from lookup.record import InsuranceCard, Person
from lookup.web.fhir.ids import Ids


@dataclass(frozen=True, slots=True)
class IdentifierSystems:
    """How this country's numbers are called; a setting, for no register is agreed."""

    citizen_id: str
    legacy_id: str
    insurance_number: str


@dataclass(frozen=True, slots=True, repr=False)
class Naming:
    """What resources are called by, and what a client may call them."""

    base_url: str
    """Address of the dialect, without a slash at its end."""

    systems: IdentifierSystems
    ids: Ids
    client_id: str

    def patient_id(self, person: Person, asked: Identifier) -> str:
        """The id of a person.

        It seals the living number, or the one that was asked by when the source does
        not tell the other.
        """
        living = person.citizen_id
        return self._seal(CitizenId(living) if living is not None else asked, "Patient")

    def coverage_id(self, card: InsuranceCard) -> str:
        """The id of a card."""
        return self._seal(CardNumber(card.card_number), "Coverage")

    def number_of(self, text: str, *, resource: str) -> Identifier | None:
        """The number behind an id; None when it was not given to this client."""
        return self.ids.open(text, resource=resource, client_id=self.client_id)

    def _seal(self, number: Identifier, resource: str) -> str:
        return self.ids.seal(number, resource=resource, client_id=self.client_id)

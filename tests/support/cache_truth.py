"""What is true in the world of the cache, and what a record shows of it."""

from functools import lru_cache

from lookup.citizen_id import CardNumber, CitizenId
from lookup.record import CodedItem, Facet
from tests.support.builders import (
    a_card,
    a_citizen_id,
    a_coverage,
    a_finding,
    a_health,
    a_person,
    a_summary,
    nobody,
)

CITIZENS = {n: a_citizen_id(n) for n in (1, 2, 3)}
CARDS = {n: CardNumber(f"GD468680000000{n}") for n in CITIZENS}
NUMBERS = (*CITIZENS.values(), *CARDS.values())
WHOSE = {citizen_id: n for n, citizen_id in CITIZENS.items()}


class HarmError(AssertionError):
    """What must never happen has happened."""


class Population:
    """What is true: each change of a citizen has a number, which the record shows."""

    def __init__(self, clock):
        self.version = dict.fromkeys(CITIZENS, 0)
        self.is_there = dict.fromkeys(CITIZENS, False)
        self.card = dict(CARDS)
        self.is_up = True
        self._clock = clock

    def says(self, number, facet):
        """The finding of this instant."""
        now = self._clock.now()
        n = WHOSE.get(number)
        if n is None:
            (n,) = (n for n, card in self.card.items() if card == number)
        if not self.is_there[n]:
            return nobody(as_of=now)
        record = record_of(n, self.version[n], self.card[n], facet)
        return a_finding(record=record, version=self.version[n], as_of=now)


@lru_cache(maxsize=4_096)
def record_of(n, version, card, facet):
    """A record that shows whose it is, which version, and with which card."""
    citizen_id = CITIZENS[n].digits
    if facet is Facet.HEALTH:
        allergy = CodedItem(text=f"{n}:{version}")
        return a_health(
            citizen_id=citizen_id, summary=a_summary(allergies=(allergy,)), visits=()
        )
    person = a_person(citizen_id=citizen_id, full_name=f"{n}:{version}")
    return a_coverage(person=person, cards=(a_card(card_number=card.digits),))


def facet_of(record):
    return Facet.COVERAGE if hasattr(record, "person") else Facet.HEALTH


def told_by(record):
    """Whose record it is, its version, and the cards it shows."""
    if hasattr(record, "person"):
        citizen_id, text = record.person.citizen_id, record.person.full_name
        cards = {CardNumber(card.card_number) for card in record.cards}
    else:
        citizen_id, text = record.citizen_id, record.summary.allergies[0].text
        cards = set()
    n, version = map(int, text.split(":"))
    if CitizenId(citizen_id) != CITIZENS[n]:
        raise HarmError("a record is put together from two")
    return n, version, cards

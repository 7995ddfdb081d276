"""Invented people for tests, and registers that hold exactly their rows."""

from collections import defaultdict
from datetime import date
from functools import cache

import msgspec

from adapters.synthetic.people import Presented, SyntheticCitizen, SyntheticPopulation
from adapters.synthetic.profile import Profile, read_profile
from adapters.synthetic.recipe import Recipe
from adapters.synthetic.rows import COLUMNS, NULL
from lookup.eligibility import Eligibility, decide
from lookup.record import BirthDate, CoverageRecord, InsuranceCard, Person
from lookup.request import RequestFields, read_request

ANCHOR = date(2026, 11, 25)


def a_recipe(
    *,
    citizens: int = 10_000,
    health_records: int | None = None,
    profile: Profile | None = None,
    seed: int = 7,
    anchor: date = ANCHOR,
) -> Recipe:
    """10,000 people of the default profile, 3 in 4 with a health record."""
    return Recipe(
        seed=seed,
        citizens=citizens,
        health_records=citizens * 3 // 4 if health_records is None else health_records,
        profile=profile or read_profile("default"),
        anchor=anchor,
    )


@cache
def everybody() -> tuple[SyntheticCitizen, ...]:
    """The people of ``a_recipe()``, made once for all tests."""
    population = SyntheticPopulation(a_recipe())
    return tuple(population.citizen(n) for n in range(population.recipe.citizens))


def rows_of(people, table):
    """All rows of a table as mappings; NULL is None."""
    return [
        {
            column: None if value == NULL else value
            for column, value in zip(COLUMNS[table], row, strict=True)
        }
        for person in people
        for row in person.rows.get(table, ())
    ]


class Registers:
    """What the registers would answer, were they loaded with these people."""

    def __init__(self, people) -> None:
        self._citizens = {r["citizen_id"]: r for r in rows_of(people, "citizens")}
        self._former = defaultdict(set)
        for row in self._citizens.values():
            self._former[row["superseded_by"] or row["citizen_id"]].add(
                row["citizen_id"]
            )
        self._cards = defaultdict(list)
        for row in rows_of(people, "insurance_cards"):
            self._cards[row["citizen_id"]].append(row)

    def look_up(self, presented: Presented, *, on: date = ANCHOR) -> Eligibility:
        """What a desk is told that types number, name and birth date."""
        fields = RequestFields(
            citizen_id=presented.citizen_id,
            full_name=presented.full_name,
            birth_date=presented.birth_date,
        )
        request = read_request(fields, today=on)
        record = self._record(presented.citizen_id)
        return decide(record, request, sees_restricted=False)

    def _record(self, citizen_id: str) -> CoverageRecord | None:
        if citizen_id not in self._citizens:
            return None
        named = self._citizens[citizen_id]
        living = self._citizens[named["superseded_by"] or citizen_id]
        numbers = self._former[living["citizen_id"]]
        cards = [card for number in numbers for card in self._cards[number]]
        return CoverageRecord(
            person=_person(living),
            cards=msgspec.convert(cards, tuple[InsuranceCard, ...], strict=False),
        )


def _person(row) -> Person:
    parts = (row["birth_year"], row["birth_month"], row["birth_day"])
    return Person(
        citizen_id=row["citizen_id"],
        full_name=row["full_name"],
        birth_date=BirthDate(
            **{
                name: None if part is None else int(part)
                for name, part in zip(("year", "month", "day"), parts, strict=True)
            }
        ),
        sex=row["sex"],
        is_restricted=row["status"] == "restricted",
    )

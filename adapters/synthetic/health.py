"""What the health record of a person sums up to.

A section that is absent was never recorded; an empty list means none known.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache

import orjson

from adapters.synthetic import health_tables as tables
from adapters.synthetic.draws import Draw, happens, pick, urn
from adapters.synthetic.identity import Identity, age_on

_BLOOD_GROUPS = urn(tables.BLOOD_GROUPS)
_ALLERGIES = urn({allergy: allergy.weight for allergy in tables.ALLERGIES})
_CONDITION_COUNTS = (
    (40, urn({0: 78, 1: 19, 2: 3}, size=100)),
    (60, urn({0: 45, 1: 33, 2: 16, 3: 6}, size=100)),
    (200, urn({0: 18, 1: 30, 2: 32, 3: 20}, size=100)),
)
"""How many long-lasting illnesses people have, below an age."""

GROWN_UP_FROM = 14
"""Age in years from which bodies and vaccines are those of adults."""

SETTLED_YEARS = 4
"""Illnesses began at least as long ago, so that no visit for one is older than it."""


def conditions(who: Identity, *, anchor: date, draw: Draw) -> list[tables.Condition]:
    """The long-lasting illnesses of a person, each once."""
    age = age_on(who.born, anchor)
    lots = _conditions(who.sex, age)
    counts = next(counts for below, counts in _CONDITION_COUNTS if age < below)
    wanted = pick(counts, draw) if lots else 0
    return list(dict.fromkeys([pick(lots, draw) for _ in range(wanted)]))


def sections(
    who: Identity,
    illnesses: Sequence[tables.Condition],
    *,
    measured_on: date,
    draw: Draw,
) -> str:
    """The summary of a person as JSON, in the shape of ``HealthSummary``."""
    age = age_on(who.born, measured_on)
    parts = [
        *_allergies(draw),
        *_illnesses(illnesses, who.born.year, year=measured_on.year, draw=draw),
        *_immunisations(age, year=measured_on.year, draw=draw),
        *_vitals(age, who.sex, measured_on=measured_on, draw=draw),
    ]
    return "{" + ",".join(parts) + "}"


def _allergies(draw: Draw) -> Iterator[str]:
    if not happens(0.75, draw):
        return
    wanted = 1 + (draw() % 8 == 0) if happens(0.12, draw) else 0
    found = dict.fromkeys([pick(_ALLERGIES, draw) for _ in range(wanted)])
    yield _section("allergies", [_allergy(allergy) for allergy in found])


def _illnesses(
    illnesses: Sequence[tables.Condition], birth_year: int, *, year: int, draw: Draw
) -> Iterator[str]:
    entries = []
    drugs: list[tables.Drug] = []
    for illness in illnesses:
        first = max(birth_year + illness.from_age, year - 25)
        last = max(first, year - SETTLED_YEARS)
        entries.append(_condition(illness, first + draw() % (last - first + 1)))
        drugs.extend(illness.drugs[: 1 + draw() % 2])
    if entries or happens(0.8, draw):
        yield _section("conditions", entries)
    if entries or happens(0.6, draw):
        yield _section("medications", [_drug(drug) for drug in dict.fromkeys(drugs)])


def _immunisations(age: int, *, year: int, draw: Draw) -> Iterator[str]:
    if age < GROWN_UP_FROM:
        if happens(0.92, draw):
            given = [
                _vaccine(code, text, year - age + after)
                for code, text, after in tables.CHILD_VACCINES
                if after <= age
            ]
            yield _section("immunisations", given)
    elif happens(0.45, draw):
        code, text = pick(tables.ADULT_VACCINES, draw)
        yield _section("immunisations", [_vaccine(code, text, year - draw() % 3)])


def _vitals(age: int, sex: str, *, measured_on: date, draw: Draw) -> Iterator[str]:
    if happens(0.45, draw):
        yield f'"blood_group":"{pick(_BLOOD_GROUPS, draw)}"'
    if not happens(0.7, draw):
        return
    spread = (draw() % 160 - 80) / 10  # centimetres
    height_cm = _height_cm(age, sex) + spread * min(1.0, 0.3 + age / 18)
    body_mass_index = (15.5 if age < GROWN_UP_FROM else 19.0) + draw() % 70 / 10
    weight_kg = body_mass_index * (height_cm / 100) ** 2
    yield f'"height_cm":{height_cm:.1f},"weight_kg":{weight_kg:.1f}'
    if age >= GROWN_UP_FROM:
        systolic = 104 + min(age, 80) // 3 + draw() % 30
        yield f'"blood_pressure":"{systolic}/{systolic * 5 // 8 - draw() % 6}"'
    yield f'"measured_on":"{measured_on.isoformat()}"'


def _height_cm(age: int, sex: str) -> float:
    """About the mean height of that age. Source: nutrition survey of 2020."""
    grown = 168.0 if sex == "male" else 156.0
    return min(grown, 52.0 + 22.0 * min(age, 2) + 6.2 * max(0, age - 2))


def _section(name: str, entries: Sequence[str]) -> str:
    return f'"{name}":[{",".join(entries)}]'


@lru_cache(maxsize=512)
def _conditions(sex: str, age: int) -> tuple[tables.Condition, ...]:
    possible = {
        condition: condition.weight
        for condition in tables.CONDITIONS
        if age >= condition.from_age + SETTLED_YEARS and condition.sex in {"-", sex}
    }
    return urn(possible, size=512) if possible else ()


def _entry(**fields: str | bool | None) -> str:
    """A ``CodedItem`` as JSON, without what is None."""
    given: Mapping[str, str | bool] = {
        name: value for name, value in fields.items() if value is not None
    }
    return orjson.dumps(given).decode()


@lru_cache(maxsize=64)
def _allergy(allergy: tables.Allergy) -> str:
    return _entry(
        code=allergy.code,
        system="atc" if allergy.code else None,
        text=allergy.text,
        note=allergy.reaction,
        is_severe=allergy.is_severe,
    )


@lru_cache(maxsize=16_384)
def _condition(condition: tables.Condition, year: int) -> str:
    return _entry(
        code=condition.code, system="icd10", text=condition.text, since=str(year)
    )


@lru_cache(maxsize=128)
def _drug(drug: tables.Drug) -> str:
    return _entry(code=drug.code, system="atc", text=drug.text, note=drug.dose)


@lru_cache(maxsize=4096)
def _vaccine(code: str, text: str, year: int) -> str:
    return _entry(code=code, system="vaccine", text=text, since=str(year))

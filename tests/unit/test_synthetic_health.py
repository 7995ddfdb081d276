import re
from collections import defaultdict
from datetime import date

import msgspec
import orjson
import pytest

from adapters.synthetic.health_tables import ALLERGIES, COMPLAINTS, CONDITIONS
from adapters.synthetic.people import SyntheticPopulation
from adapters.synthetic.rows import COLUMNS
from lookup.record import Document, HealthSummary, Visit
from tests.support.synthetic import ANCHOR, a_recipe, everybody, rows_of


def summaries():
    return {
        row["citizen_id"]: msgspec.json.decode(row["sections"], type=HealthSummary)
        for row in rows_of(everybody(), "health_summaries")
    }


def visits_by_citizen():
    visits = defaultdict(list)
    for row in rows_of(everybody(), "visits"):
        visits[row["citizen_id"]].append(row)
    return visits


def test_summaries_hold_only_sections_a_lookup_reads():
    fields = {field.name for field in msgspec.structs.fields(HealthSummary)}

    seen = {
        section
        for row in rows_of(everybody(), "health_summaries")
        for section in orjson.loads(row["sections"])
    }

    assert seen == fields - {"updated_on"}


def test_unrecorded_sections_and_empty_ones_both_occur():
    allergies = [summary.allergies for summary in summaries().values()]

    assert None in allergies
    assert () in allergies
    assert any(allergies)


def test_codes_have_the_shape_of_their_system():
    shapes = {
        "icd10": re.compile(r"[A-Z][0-9]{2}(\.[0-9])?"),
        "atc": re.compile(r"[A-Z][0-9]{2}[A-Z]{2}([0-9]{2})?"),
        "vaccine": re.compile(r"\S+"),
    }
    items = [
        item
        for summary in summaries().values()
        for section in ("allergies", "conditions", "medications", "immunisations")
        for item in getattr(summary, section) or ()
    ]

    assert items
    assert all(
        shapes[item.system].fullmatch(item.code) if item.system else item.code is None
        for item in items
    )


def test_who_has_a_long_illness_takes_drugs_for_it():
    drugs = {c.code: {drug.code for drug in c.drugs} for c in CONDITIONS}

    for summary in summaries().values():
        possible = set().union(*(drugs[c.code] for c in summary.conditions or ()))
        assert {drug.code for drug in summary.medications or ()} <= possible


def test_visits_are_for_known_illnesses_or_passing_complaints():
    conditions = {
        citizen_id: {item.code for item in summary.conditions or ()}
        for citizen_id, summary in summaries().items()
    }
    passing = {complaint.code for complaint in COMPLAINTS}

    for citizen_id, visits in visits_by_citizen().items():
        codes = {visit["diagnosis_code"] for visit in visits}
        assert codes <= passing | conditions[citizen_id]


def test_no_visit_for_an_illness_is_older_than_the_illness():
    since = {
        (citizen_id, item.code): item.since
        for citizen_id, summary in summaries().items()
        for item in summary.conditions or ()
    }

    for row in rows_of(everybody(), "visits"):
        begun = since.get((row["citizen_id"], row["diagnosis_code"]), "0000")
        assert row["admitted_on"][:4] >= begun


def test_people_leave_after_they_came_and_were_born_before():
    born = {
        row["citizen_id"]: person.presented.birth_date
        for person in everybody()
        for row in rows_of([person], "citizens")
    }

    for row in rows_of(everybody(), "visits"):
        assert born[row["citizen_id"]] <= row["admitted_on"] < ANCHOR.isoformat()
        left = row["discharged_on"]
        assert (left is None) == (row["outcome"] == "unknown")
        assert left is None or row["admitted_on"] <= left < ANCHOR.isoformat()


def test_papers_come_from_a_visit():
    visits = {
        (row["citizen_id"], row["facility_code"], row["discharged_on"]): row["kind"]
        for row in rows_of(everybody(), "visits")
    }

    for row in rows_of(everybody(), "documents"):
        kind = visits[row["citizen_id"], row["facility_code"], row["issued_on"]]
        assert row["kind"] != "discharge" or kind == "inpatient"
        assert row["valid_to"] is None or row["valid_to"] > row["issued_on"]


@pytest.mark.parametrize(
    ("table", "shape"), [("visits", Visit), ("documents", Document)]
)
def test_rows_are_what_a_record_is_read_from(table, shape):
    rows = rows_of(everybody(), table)

    read = [
        msgspec.convert({"facility_name": None, **row}, shape, strict=False)
        for row in rows
    ]

    assert len(read) == len(rows) > 100


def test_every_kind_of_visit_and_paper_occurs():
    visits = {row["kind"] for row in rows_of(everybody(), "visits")}
    papers = {row["kind"] for row in rows_of(everybody(), "documents")}

    assert visits == {"outpatient", "inpatient", "emergency"}
    assert papers == {"referral", "re_examination", "discharge", "summary"}


def test_measures_fit_a_body():
    for summary in summaries().values():
        if summary.height_cm is not None:
            assert 40 < summary.height_cm < 190
            assert 2 < summary.weight_kg < 110
            assert summary.measured_on <= ANCHOR


def test_child_born_on_the_anchor_day_has_no_visits():
    recipe = a_recipe(citizens=3000, health_records=3000, anchor=date(2026, 1, 1))
    population = SyntheticPopulation(recipe)
    newborn = [
        person
        for n in range(recipe.citizens)
        if (person := population.citizen(n)).presented.birth_date == "2026-01-01"
    ]

    assert newborn
    assert not rows_of(newborn, "visits")


def test_no_value_needs_escaping_in_copy():
    values = {
        value
        for person in everybody()[:3000]
        for table in COLUMNS
        for row in person.rows.get(table, ())
        for value in row
    }

    assert not {v for v in values - {"\\N"} if set("\t\n\r\\") & set(v)}


def test_tables_have_each_code_once():
    codes = [entry.code for entry in (*CONDITIONS, *COMPLAINTS)]

    assert len(set(codes)) == len(codes)
    assert any(allergy.is_severe for allergy in ALLERGIES)

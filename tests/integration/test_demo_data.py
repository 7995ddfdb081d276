"""Whom the demo puts into its database, and what it says when others are there."""

import io
from datetime import timedelta

import pytest
from rich.console import Console

from adapters.synthetic.people import SyntheticPopulation
from lookup import demo
from lookup.demo import SAMPLES_HOLD_DAYS, are_outdated
from lookup.demo_facts import DemoError
from tests.support.commands import tell
from tests.support.synthetic import ANCHOR, Registers, a_recipe


@pytest.fixture
def populate(database_url, monkeypatch):
    """Fill the database as a small demo does; what it printed."""
    monkeypatch.setattr(demo, "CITIZENS", 60)
    monkeypatch.setattr(demo, "HEALTH_RECORDS", 40)

    def run():
        out = io.StringIO()
        demo._populate(database_url, Console(file=out, width=200))
        return out.getvalue()

    return run


def test_people_are_made_once(populate):
    assert populate().endswith("; 60 new\n")
    assert populate().endswith("; 0 new\n")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("recipe_version = 0", "was made by another version"),
        ("seed = 8", "the database holds another population"),
    ],
)
def test_another_population_is_told_with_what_to_do(
    populate, database_url, change, told
):
    populate()
    tell(database_url, f"UPDATE synthetic.seeding SET {change}")

    with pytest.raises(DemoError, match=told) as refused:
        populate()

    assert "remove .tracuu and start again" in str(refused.value)


@pytest.mark.parametrize(
    ("age_days", "is_told"), [(SAMPLES_HOLD_DAYS - 1, False), (SAMPLES_HOLD_DAYS, True)]
)
def test_people_made_long_ago_are_told_to_be_old(
    populate, database_url, age_days, is_told
):
    populate()
    tell(database_url, f"UPDATE synthetic.seeding SET anchor = anchor - {age_days}")

    assert ("Remove .tracuu to have them made anew" in populate()) == is_told


@pytest.mark.parametrize("anchor", [ANCHOR + timedelta(days=37 * n) for n in range(12)])
def test_samples_keep_their_codes_until_they_are_called_outdated(anchor):
    population = SyntheticPopulation(a_recipe(citizens=demo.CITIZENS, anchor=anchor))
    firsts = len(population.kinds.first_by_code)
    people = [population.citizen(n) for n in range(firsts)]
    last = anchor + timedelta(days=SAMPLES_HOLD_DAYS - 1)

    answers = [Registers(people).look_up(p.presented, on=last).code for p in people]

    assert answers == [person.presented.expected_code for person in people]
    assert not are_outdated(anchor, today=last)


def test_sample_that_is_shown_first_has_a_health_record():
    recipe = a_recipe(citizens=demo.CITIZENS, health_records=demo.HEALTH_RECORDS)
    first = SyntheticPopulation(recipe).citizen(0)

    assert first.presented.expected_code == "000"
    assert first.rows["health_summaries"]

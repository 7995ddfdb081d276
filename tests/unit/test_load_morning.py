"""Who is looked up in a load test, and what is asked."""

from collections import Counter
from itertools import chain

import pytest

from loadtests.load.morning import BATCH_LOOKUPS, FACILITIES, Kind, Morning
from loadtests.load.people import People, read_people, write_people
from loadtests.load.profiles import chosen
from tests.support.load import a_person

EVERYBODY = tuple(a_person(citizen_id=f"{n:012}") for n in range(50_000))
PEOPLE = People("2026-11-25", EVERYBODY)


@pytest.fixture(scope="module")
def morning():
    return Morning(PEOPLE, chosen("steady", rate_per_s=500, minutes=1))


@pytest.fixture(scope="module")
def arrivals(morning):
    return list(morning.arrivals())


def test_same_lookups_however_many_processes_share_them(morning, arrivals):
    shares = [list(morning.arrivals(index=n, processes=3)) for n in range(3)]

    together = sorted(chain(*shares), key=lambda arrival: arrival.due_s)
    assert together == arrivals
    assert min(map(len, shares)) == len(arrivals) // 3


def test_schedule_is_counted_without_making_the_lookups(morning, arrivals):
    by_then = sum(arrival.due_s <= 30 for arrival in arrivals)

    assert morning.scheduled(30) == by_then
    assert morning.scheduled(60) == len(arrivals)


def test_people_come_again_some_of_them_at_once(arrivals):
    seen = {}
    again = at_once = 0
    for arrival in arrivals:
        number = arrival.people[0].citizen_id
        if number in seen:
            again += 1
            at_once += arrival.due_s - seen[number] < 2
        seen[number] = arrival.due_s

    # 1.6 lookups to a visit; chance makes a few people visit twice.
    visits_twice = len(arrivals) / 1.6 / len(EVERYBODY) / 2
    wanted = 0.6 / 1.6 + visits_twice / 1.6
    assert again / len(arrivals) == pytest.approx(wanted, abs=0.02)
    assert at_once / again == pytest.approx(0.5, abs=0.1)


def test_first_facility_has_twice_the_visits_of_the_second(arrivals):
    by_facility = Counter(arrival.operator[3:5] for arrival in arrivals)

    assert len(by_facility) == FACILITIES
    assert by_facility["00"] / by_facility["01"] == pytest.approx(2, rel=0.15)


def test_everybody_goes_to_one_facility(arrivals):
    single = [arrival for arrival in arrivals if arrival.kind != Kind.BATCH]

    places = {(each.people[0].citizen_id, each.operator[3:5]) for each in single}

    # A person in the row who stands on a border goes to both.
    people = {number for number, _ in places}
    assert len(places) - len(people) < FACILITIES


def test_kinds_have_their_shares(arrivals):
    kinds = Counter(arrival.kind for arrival in arrivals)

    shares = {kind: kinds[kind] / len(arrivals) for kind in Kind}
    assert shares[Kind.HEALTH] == pytest.approx(0.1, abs=0.01)
    assert shares[Kind.MALFORMED] == pytest.approx(0.02, abs=0.005)
    assert shares[Kind.BATCH] == pytest.approx(0.001, abs=0.001)
    lengths = {len(a.people) for a in arrivals if a.kind == Kind.BATCH}
    assert lengths == {BATCH_LOOKUPS}


def test_fewer_people_than_facilities_are_enough():
    few = Morning(People("2026-11-25", EVERYBODY[:3]), chosen("smoke"))

    asked = {arrival.people[0] for arrival in few.arrivals()}

    assert asked == set(EVERYBODY[:3])


def test_file_gives_the_people_back(tmp_path):
    people = People("2026-11-25", EVERYBODY[:3])

    write_people(people, tmp_path / "people.json")

    assert read_people(tmp_path / "people.json") == people
    assert EVERYBODY[1].citizen_id not in repr(people)

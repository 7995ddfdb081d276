import re
from itertools import count
from uuid import UUID

from lookup.events import REPEATS_S, Events
from lookup.web.middleware import _ACCEPTED_ID, _new_id

MANY = 10_000


def test_own_ids_are_random_uuids_as_uuids_are_written():
    ids = [_new_id() for _ in range(MANY)]

    assert {UUID(text).version for text in ids} == {4}
    assert all(str(UUID(text)) == text for text in ids)
    assert all(_ACCEPTED_ID.fullmatch(text) for text in ids)


def test_no_two_ids_are_alike_in_any_of_their_random_parts():
    ids = [_new_id() for _ in range(MANY)]

    assert len(set(ids)) == MANY
    for part in (slice(0, 13), slice(19, 36)):
        assert len({text[part] for text in ids}) == MANY


def test_log_shows_own_ids_whole():
    told = []
    events = Events(
        lambda _, __, fields: told.append(fields["request_id"]),
        monotonic=count(step=REPEATS_S).__next__,
    )
    ids = [_new_id() for _ in range(MANY)]

    for each in ids:
        events.caller_refused(each, code="not_allowed", address="")

    assert told == ids


def test_every_digit_is_drawn_but_version_and_variant():
    ids = [re.sub("-", "", _new_id()) for _ in range(1_000)]

    kinds = [len({text[place] for text in ids}) for place in range(32)]

    assert [place for place, kind in enumerate(kinds) if kind < 16] == [12, 16]

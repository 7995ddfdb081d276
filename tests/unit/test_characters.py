import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookup.characters import plain
from lookup.errors import MalformedError


def read(text, max_chars=64):
    return plain(text, max_chars=max_chars)


@pytest.mark.parametrize(
    ("sent", "read_as"),
    [
        ("０６８", "068"),
        ("ＤＮ４｜", "DN4|"),
        ("a\u00a0b\u3000c  d ", "a b c d"),
        ("1\u20132\u22123", "1-2-3"),
        ("\ufeff0\u200b6\u200d8\u2060", "068"),
        ("Nguyễn", "Nguyễn"),
        ("٠٦٨", "٠٦٨"),
        ("", ""),
    ],
)
def test_reads_what_a_person_sees(sent, read_as):
    assert read(sent) == read_as


@pytest.mark.parametrize(
    "hidden",
    ["\0", "\n", "\t", "\x1b", "\x7f", "\x85", "\u202e", "\u2066", "\ud800", "\u2028"],
)
def test_refuses_control_and_hidden_characters(hidden):
    with pytest.raises(MalformedError, match="control or hidden characters in it: 1"):
        read(f"068{hidden}1")


def test_refuses_a_long_text_unread():
    class Unreadable(str):
        __slots__ = ()

        def translate(self, _table):
            raise AssertionError

    assert read("x" * 64) == "x" * 64
    with pytest.raises(MalformedError, match="at most 64 characters; 65 were sent"):
        read(Unreadable("x" * 65))


@given(st.text(max_size=64))
def test_reading_twice_changes_nothing_more(text):
    try:
        once = read(text)
    except MalformedError:
        return

    assert read(once) == once

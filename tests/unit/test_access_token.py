import pytest

from lookup.access_token import LIFE, PREFIX, AccessTokens, Grant
from lookup.scopes import Scope
from tests.support.clock import MORNING

TOKENS = AccessTokens(b"k" * 32)
GRANT = Grant("benh-vien", frozenset({Scope.LOOKUP, Scope.HEALTH}))


def test_a_token_gives_what_was_granted_until_it_ends():
    token = TOKENS.issue(GRANT, now=MORNING)

    last = MORNING + LIFE - LIFE / 1_000
    assert TOKENS.read(token, now=last) == GRANT
    assert TOKENS.read(token, now=MORNING + LIFE) is None


def test_a_token_of_another_secret_gives_nothing():
    token = AccessTokens(b"o" * 32).issue(GRANT, now=MORNING)

    assert TOKENS.read(token, now=MORNING) is None


def test_a_changed_token_gives_nothing():
    token = TOKENS.issue(GRANT, now=MORNING)

    for place in range(len(token)):
        other = "x" if token[place] != "x" else "y"
        changed = token[:place] + other + token[place + 1 :]
        assert TOKENS.read(changed, now=MORNING) is None


@pytest.mark.parametrize("text", ["", "x", PREFIX, PREFIX + "!", PREFIX + "A" * 2_000])
def test_other_texts_are_no_tokens(text):
    assert TOKENS.read(text, now=MORNING) is None


def test_a_scope_of_a_newer_version_is_left_out():
    token = TOKENS.issue(
        Grant("x", frozenset({Scope.LOOKUP, "new:scope"})), now=MORNING
    )

    assert TOKENS.read(token, now=MORNING).scopes == {Scope.LOOKUP}


def test_the_key_never_shows():
    assert "kkk" not in repr(TOKENS)


def test_token_of_another_secret_is_read_while_that_is_replaced():
    token = TOKENS.issue(GRANT, now=MORNING)

    rotated = AccessTokens(b"n" * 32, b"k" * 32)

    assert rotated.read(token, now=MORNING) == GRANT
    assert AccessTokens(b"n" * 32).read(token, now=MORNING) is None
    assert TOKENS.read(rotated.issue(GRANT, now=MORNING), now=MORNING) is None

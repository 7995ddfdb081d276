import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.vss_token import MARGIN_S, REFUSED_PAUSE_S
from tests.support.builders import a_coverage
from tests.support.gateway_asker import (
    an_asker,
    open_double_of_lan,
)
from tests.support.gateway_double import (
    ACCOUNT,
    TOKEN_PATH,
    card_answer,
    json,
    resets,
    says,
    says_bytes,
)
from tests.support.waiting import soon


@pytest.fixture
async def double():
    async with open_double_of_lan() as double:
        yield double


@pytest.fixture
async def asker(double):
    async with an_asker(double) as asker:
        yield asker


WRONG_TOKEN = {
    "401 in the body": says({"maKetQua": "401"}),
    "501 in the body": says({"maKetQua": "501"}),
    "999 in the body": says({"maKetQua": "999"}),
    "401": says_bytes(b"", status=401),
    "403": says_bytes(b"<h1>Forbidden</h1>", status=403),
    "text": says_bytes("Token không đúng".encode()),
    "text as JSON": says("token không đúng"),
}


@pytest.mark.parametrize("fault", WRONG_TOKEN)
async def test_a_refused_token_is_taken_again_once(asker, double, fault):
    double.fail(WRONG_TOKEN[fault])

    assert (await asker.ask()).record == a_coverage()
    assert double.tokens_taken == 2


@pytest.mark.parametrize("fault", WRONG_TOKEN)
async def test_a_token_refused_twice_is_our_fault(asker, double, fault):
    double.fail_always(WRONG_TOKEN[fault])

    await asker.fails()

    assert len(double.asked) == 2
    assert asker.counted("faults", "ours") == 1


async def test_a_hundred_questions_take_one_token(asker, double):
    await asyncio.gather(*(asker.ask() for _ in range(100)))

    assert double.tokens_taken == 1


async def test_a_hundred_refused_questions_take_one_token_more(asker, double):
    await asker.ask()
    double.revoke_tokens()

    await asyncio.gather(*(asker.ask() for _ in range(100)))

    assert double.tokens_taken == 2


async def test_without_one_for_all_each_question_takes_its_own(asker, double):
    tokens = asker.source._tokens

    await asyncio.gather(*(tokens._renew() for _ in range(100)))

    assert double.tokens_taken == 100


@pytest.mark.parametrize(
    ("life_s", "passed_s", "taken"),
    [(600, 590, 1), (600, 596, 2), (60, 54, 1), (60, 56, 2), (-600, 20, 1)],
)
async def test_a_token_is_used_until_it_ends(asker, double, life_s, passed_s, taken):
    double.token_life_s = life_s
    await asker.ask()

    asker.clock.move(by_s=passed_s)
    await asker.ask()

    assert double.tokens_taken == taken


async def test_a_clock_that_differs_does_not_matter(asker, double):
    double.clock_ahead_s = -86_400
    await asker.ask()

    asker.clock.move(by_s=590)
    await asker.ask()

    assert double.tokens_taken == 1


@pytest.mark.parametrize("end", ["soon", None])
async def test_an_end_that_nobody_can_read_is_a_change_of_contract(asker, double, end):
    key = {"access_token": "a", "id_token": "b", "expires_in": end}
    double.fail_always(says({"maKetQua": "200", "APIKey": key}), TOKEN_PATH)
    double.fail(says(card_answer(a_coverage())))

    await asker.ask()

    assert asker.says("gateway.contract_changed")[0]["field"] == "expires_in"


@pytest.mark.parametrize("zone", ["", "Z", "+00:00"])
async def test_our_own_clock_counts_where_the_gateway_tells_no_time(
    asker, double, zone
):
    ends_at = asker.clock.now() + timedelta(seconds=60)
    key = {"access_token": "a", "id_token": "b"}
    key["expires_in"] = f"{ends_at:%Y-%m-%dT%H:%M:%S}.0000000{zone}"

    async def without_time(_):
        response = json({"maKetQua": "200", "APIKey": key})
        response.headers["Date"] = "soon"
        return response

    double.fail_always(without_time, TOKEN_PATH)
    token = await asker.source._tokens.current()

    assert token.ends_s == asker.clock.monotonic() + 60 - MARGIN_S


async def test_a_refused_account_is_left_alone_for_a_minute(double):
    async with an_asker(double, account=replace(ACCOUNT, password_md5="F" * 32)) as it:
        await it.fails()
        await it.fails()
        taken_within = double.tokens_taken
        it.clock.move(by_s=REFUSED_PAUSE_S)
        await it.fails()

    assert (taken_within, double.tokens_taken) == (1, 2)
    assert it.counted("faults", "ours") == 3
    assert double.asked == []


@pytest.mark.parametrize(
    ("fault", "whose"),
    [
        (says_bytes(b"", status=403), "ours"),
        (says_bytes(b"", status=502), "theirs"),
        (says_bytes(b"<html>"), "theirs"),
        (says({"maKetQua": "500"}), "theirs"),
        (says({"maKetQua": "054"}), "ours"),
        (says({"maKetQua": "200", "APIKey": None}), "theirs"),
        (says({"maKetQua": "200", "APIKey": {}}), "theirs"),
        (resets, "theirs"),
    ],
)
async def test_without_a_token_nothing_is_asked(asker, double, fault, whose):
    double.fail_always(fault, TOKEN_PATH)

    await asker.fails()

    assert asker.counted("faults", whose) == 1
    assert double.asked == []


async def test_who_leaves_does_not_take_the_token_along(asker, double):
    double.hold()
    leaving = asyncio.create_task(asker.ask())
    await soon(double.waiting.wait())
    staying = asyncio.create_task(asker.ask())
    await asyncio.sleep(0)

    leaving.cancel()
    double.release()

    assert (await soon(staying)).record == a_coverage()
    assert double.tokens_taken == 1


async def test_a_silent_desk_for_tokens_is_no_answer(double):
    double.hold()

    async with an_asker(double, timeout_s=0.05) as asker:
        task = asyncio.create_task(asker.source._tokens.current())
        with pytest.raises(Exception, match="token_late"):
            await soon(task)


async def test_no_secret_shows_when_printed(asker):
    token = await asker.source._tokens.current()

    assert "token" not in repr(token).replace("adapters.vss_token.Token", "")
    assert ACCOUNT.password_md5 not in repr(ACCOUNT)

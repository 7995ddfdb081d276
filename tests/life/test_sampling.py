"""``tracuu lookup --sample`` and ``--code`` beside a whole service and its people."""

import asyncio
import re

import orjson
import pytest

from adapters.synthetic.seeding import seed
from tests.support.commands import CommandLine, tell
from tests.support.synthetic import ANCHOR, a_recipe
from tests.support.whole_service import running_service

CITIZENS = 200


@pytest.fixture
def people_url(database_url):
    """A database whose people were made long ago."""
    recipe = a_recipe(citizens=CITIZENS, anchor=ANCHOR.replace(year=2024))
    seed(database_url, recipe, processes=1)
    return database_url


@pytest.fixture
async def service(people_url, redis_url, tmp_path):
    async with running_service(people_url, redis_url, tmp_path) as running:
        yield running


@pytest.fixture
def tracuu(service, people_url, tmp_path, monkeypatch):
    """The command in a folder with the facts of a demo."""
    facts = {
        "url": service.url,
        "admin_url": service.admin_url,
        "api_key": service.key,
        "database_url": people_url,
    }
    (tmp_path / ".tracuu").mkdir()
    (tmp_path / ".tracuu/demo.json").write_bytes(orjson.dumps(facts))
    return CommandLine(tmp_path, monkeypatch)


def rows(table):
    """Answered, share and profile by code."""
    found = re.findall(r"│ (\d{3}) +│.*?│ +(\d+) │ +([\d.]+)% │ +([\d.]+)% │", table)
    return {code: tuple(map(float, figures)) for code, *figures in found}


async def sampled(tracuu, count, *, draw=1):
    words = ("lookup", "--sample", str(count), "--draw", str(draw))
    return await asyncio.to_thread(tracuu.run, *words)


async def test_sample_is_told_beside_the_profile_and_by_the_metrics(service, tracuu):
    first = await sampled(tracuu, 150)
    second = await sampled(tracuu, 50, draw=2)

    by_code = rows(first.stdout)
    counted = await service.counted("tracuu_lookups_total", channel="cli")
    assert first.exit_code == 0
    assert "150/150" in first.stderr
    assert "meant to give" not in first.stdout
    assert sum(answered for answered, *_ in by_code.values()) == 150
    assert sum(share for _, share, _ in by_code.values()) == pytest.approx(100, abs=1)
    assert sum(wanted for *_, wanted in by_code.values()) == pytest.approx(100, abs=1)
    assert re.search(r"Success rate by /metrics: [\d.]+% of 150 ", first.stdout)
    assert re.search(r"Success rate by /metrics: [\d.]+% of 50 ", second.stdout)
    assert counted == 200


async def test_answers_that_were_not_meant_are_told(service, tracuu, people_url):
    await asyncio.to_thread(tell, people_url, "DELETE FROM insurance_cards")

    done = await sampled(tracuu, 40)

    assert re.search(r"\d+ lookups meant to give 000 gave 050", done.stdout)
    assert service.key not in done.output


async def test_lookups_without_an_answer_are_told(service, tracuu):
    await service.ask({"citizen_id": "068180000001", "full_name": "Lan"})
    tracuu.set(TRACUU_API_KEY="tracuu_unknown")

    done = await sampled(tracuu, 5)

    assert "5 lookups had no answer" in done.stdout
    assert "Success rate by /metrics: 0.00% of 0 " in done.stdout

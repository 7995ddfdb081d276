"""The run over a province from start to end, and its stream before bad servers."""

import asyncio
import os
import re
import sys
import tempfile
from math import inf
from pathlib import Path

import pytest

from loadtests.province.stream import Job, Stream
from tests.support.bench import BODY, STALL_S, an_answer, serving
from tests.support.whole_service import START_S

ROOT = Path(__file__).parents[2]

FIGURES = (
    "load/plain-copy",
    "p99-large/small-population",
    *(
        f"{trial}-{figure}"
        for trial in ("cold-start", "flush")
        for figure in ("success", "normal-p99-after-s", "lookup-connections")
    ),
)


async def streamed_to(port, **fields):
    """Ask a server some fifty questions, over two connections."""
    job = {
        "port": port,
        "requests": [b"one", b"two"],
        "expected": [(BODY,), (BODY,)],
        "connections": 2,
        "rate_per_s": 200.0,
        "duration_s": 0.25,
    }
    return await Stream(Job(**job | fields)).run()


@pytest.mark.parametrize(
    ("answer", "faults"),
    [
        (an_answer(), set()),
        (an_answer(body=b'{"code":"050"}'), {"expected content 0 is missing"}),
        (an_answer(status="503 Service Unavailable"), {"status 503"}),
    ],
)
async def test_every_question_is_noted_and_wrong_answers_never_came(answer, faults):
    async with serving(answer) as (server, port):
        heard = await streamed_to(port)

    assert set(heard.faults) == faults
    assert len(heard.asked) == len(server.heard) > 10
    assert all((each.latency_s == inf) is bool(faults) for each in heard.asked)
    assert heard.asked == sorted(heard.asked, key=lambda each: each.due_s)


async def test_question_of_a_lost_connection_never_came_and_the_rest_wait(monkeypatch):
    monkeypatch.setattr("loadtests.province.stream.DRAIN_S", 0.1)

    async with serving(None) as (server, port):
        heard = await streamed_to(port)

    assert len(server.heard) == heard.faults["connection lost"] == 2
    assert heard.faults["no connection in time"] == len(heard.asked) - 2 > 10
    assert {each.latency_s for each in heard.asked} == {inf}


async def test_stall_is_seen_by_all_who_came_meanwhile():
    async with serving(an_answer(), stalls_at=10) as (_, port):
        heard = await streamed_to(port, duration_s=2 * STALL_S)

    slow = [each for each in heard.asked if each.latency_s > STALL_S / 4]
    assert heard.faults == {}
    assert len(slow) > 20


@pytest.fixture
def folder():
    """An empty folder that ``nobody``, who runs the servers for root, can reach."""
    with tempfile.TemporaryDirectory(prefix="of-a-province-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


async def province(folder):
    """Run over a small province quickly; its exit code and what it printed.

    What is compiled is kept meanwhile: a dozen processes start.
    """
    compiled = {"PYTHONPYCACHEPREFIX": f"{folder}/py", "PYTHONDONTWRITEBYTECODE": ""}
    province = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtests.province", "--quick"),
        *("--results", "PROVINCE.md"),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **compiled},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(START_S):
        printed, _ = await province.communicate()
    return province.returncode, printed.decode()


async def test_newcomer_reads_size_courses_and_ratios(folder):
    code, printed = await province(folder)

    page = (folder / "PROVINCE.md").read_text()
    ratios = re.findall(r"(?m)^ratio (\S+) \S+ at (?:least|most) \S+: (\w+)$", page)
    verdicts = dict(ratios)
    assert page in printed
    assert tuple(verdicts) == FIGURES
    assert code == int("MISSED" in verdicts.values())
    assert verdicts["cold-start-lookup-connections"] == "met"
    assert "3,000 citizens with 2,250 health records take " in page
    assert re.search(r"(?m)^\| health_summaries \| [\d.]+ \| [\d.]+ \|$", page)
    assert "## Caches empty" in page
    assert "## Redis emptied under load" in page

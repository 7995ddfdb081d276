"""The bench from start to end, and its generator before servers of every temper."""

import asyncio
import os
import re
import sys
import tempfile
from pathlib import Path

import pytest

from loadtests.bench.processes import cpu_s_by_process
from tests.support.bench import BODY, STALL_S, an_answer, load_on, serving
from tests.support.whole_service import START_S

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (an_answer(), set()),
        (an_answer(body=b'{"code":"050"}'), {"expected content 0 is missing"}),
        (an_answer(status="503 Service Unavailable"), {"status 503"}),
        (an_answer() + b"more", {"more than one answer"}),
        (None, {"connection lost"}),
    ],
)
async def test_every_answer_that_is_not_what_it_must_be_is_counted(answer, wrong):
    async with serving(answer) as (server, port):
        window = await load_on(port)

    assert set(window.wrong) == wrong
    assert bool(window.faults) == bool(wrong)
    assert sum(window.wrong.values()) <= len(server.heard)


async def test_each_request_is_held_to_its_own_content():
    async with serving(an_answer(body=BODY + b"one")) as (_, port):
        window = await load_on(port, expected=[(b"one",), (b"two",)])

    assert 0 < window.wrong["expected content 0 is missing"] <= window.answers


async def test_closed_loop_ends_with_its_requests():
    async with serving(an_answer()) as (server, port):
        await load_on(port, requests=[b"x"] * 7, expected=[(BODY,)] * 7, repeats=False)

    assert len(server.heard) == 7


async def test_everybody_is_asked_about_once_before_the_window():
    async with serving(an_answer()) as (server, port):
        await load_on(port, warm_requests=[b"warm"] * 3, warm_by=2)

    assert server.heard.count(b"warm") == 6
    assert set(server.heard[6:]) == {b"one", b"two"}


@pytest.mark.parametrize(
    ("rate_per_s", "shows"),
    [(500, True), (None, False)],
    ids=["open loop", "closed loop, as a control"],
)
async def test_open_loop_shows_a_stall_to_all_who_would_have_come(rate_per_s, shows):
    async with serving(an_answer(), stalls_at=50) as (_, port):
        window = await load_on(port, rate_per_s=rate_per_s, window_s=2 * STALL_S)

    assert window.wrong == {}
    assert (window.latencies_ms[90.0] > 1_000 * STALL_S / 4) is shows
    assert window.latencies_ms[100.0] > 1_000 * STALL_S / 2


async def test_processor_time_is_that_of_a_process_and_its_children():
    child = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        used = cpu_s_by_process(os.getpid())
    finally:
        child.kill()
        await child.wait()

    assert used.keys() >= {os.getpid(), child.pid}
    assert used[os.getpid()] > 0
    assert cpu_s_by_process(child.pid) == {}


@pytest.fixture
def folder():
    """An empty folder that ``nobody``, who runs the servers for root, can reach."""
    with tempfile.TemporaryDirectory(prefix="of-a-bench-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


async def bench(folder, *rows):
    """Run the bench quickly for some rows; its exit code and what it printed."""
    only = [word for row in rows for word in ("--only", row)]
    bench = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtests.bench", "--quick", *only),
        *("--results", "RESULTS.md"),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(START_S):
        printed, _ = await bench.communicate()
    return bench.returncode, printed.decode()


async def test_newcomer_reads_table_ratios_and_page_of_results(folder):
    rows = ("bare", "memory", "miss", "unknown", "gateway", "fhir", "plain")

    code, printed = await bench(folder, *rows)

    page = (folder / "RESULTS.md").read_text()
    ratios = re.findall(
        r"(?m)^ratio (\S+) [\d.]+ at (?:least|most) [\d.]+: (\w+)$", page
    )
    assert code == int("MISSED" in dict(ratios).values()), printed
    assert [name for name, _ in ratios] == [
        "memory-hit/bare-aiohttp",
        "miss/bare-aiohttp",
        "share-of-authentication-audit-metrics",
    ]
    assert all(f"round 1 {row}: " in printed for row in rows)
    for line in (*re.findall("(?m)^ratio .*$", page), "bare aiohttp POST", "pgbench"):
        assert line in printed
        assert line in page
    assert re.search(r"(?m)^\| memory hit \| [\d,]+ \| [\d.]+ \| [\d.]+ \|", page)
    assert "- machine: " in page
    assert "`python -m loadtests.bench --quick --only bare" in page

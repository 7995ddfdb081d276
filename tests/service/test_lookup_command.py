"""``tracuu lookup``, asked of a real HTTP service over fakes."""

import asyncio
import os
import pty
import sys

import orjson
import pytest
from click import testing

from tests.support.builders import CARD_NUMBER, CITIZEN_ID, a_coverage, a_health
from tests.support.commands import CommandLine
from tests.support.desk import KEY, open_desk
from tests.support.waiting import soon

LAN = {"citizen_id": CITIZEN_ID, "full_name": "Nguyễn Thị Lan"}
SAMPLE = {**LAN, "birth_date": "1980-03-05", "qr": "-"}


@pytest.fixture
def tracuu(tmp_path, monkeypatch):
    return CommandLine(tmp_path, monkeypatch)


@pytest.fixture
async def desk():
    """A service that knows Lan."""
    async with open_desk() as desk:
        desk.source.know(a_coverage())
        desk.source.know(a_health())
        desk.url = str(desk.client.make_url("")).rstrip("/")
        yield desk


@pytest.fixture
async def lookup(desk, tracuu):
    """The command, told where the service is."""
    tracuu.set(TRACUU_URL=desk.url, TRACUU_API_KEY=KEY)
    return lambda *words, **typed: asyncio.to_thread(
        tracuu.run, "lookup", *words, **typed
    )


@pytest.fixture
def _terminal(monkeypatch):
    """What the runner of commands gives them looks like a terminal."""
    monkeypatch.setattr(testing._NamedTextIOWrapper, "isatty", lambda _: True)


def write_facts(folder, **facts):
    (folder / ".tracuu").mkdir()
    (folder / ".tracuu/demo.json").write_bytes(orjson.dumps(facts))


async def on_a_terminal(desk, *answers):
    """Run the command at a terminal, where a person types; what it showed."""
    ours, theirs = pty.openpty()
    environ = os.environ | {
        "TRACUU_URL": desk.url,
        "TRACUU_API_KEY": KEY,
        "TERM": "dumb",
        "COLUMNS": "120",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lookup", "lookup"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environ,
    )
    os.close(theirs)
    os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
    shown = await soon(asyncio.to_thread(read_all, ours))
    os.close(ours)
    return await soon(process.wait()), shown


def read_all(descriptor):
    """What a terminal shows until its last program has left it."""
    shown = b""
    try:
        while chunk := os.read(descriptor, 4096):
            shown += chunk
    except OSError:  # how Linux says it
        pass
    return shown.decode()


async def test_request_on_standard_input_is_answered_as_json(lookup):
    done = await lookup(typed=orjson.dumps(LAN))

    assert done.exit_code == 0
    assert orjson.loads(done.stdout)["result"]["code"] == "000"


async def test_problem_is_printed_and_is_the_exit_code(lookup):
    done = await lookup(typed=orjson.dumps(LAN | {"citizen_id": "1"}))

    assert done.exit_code == 1
    assert orjson.loads(done.stdout)["code"] == "invalid_request"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ('{"citizen_id":', "standard input is no JSON: line 1, column 15"),
        ("", "standard input is no JSON: line 1, column 1"),
        (b"\xff\xfe", "standard input is no JSON: line 1, column 1"),
        ("[1]", "standard input is no JSON object"),
    ],
)
@pytest.mark.parametrize("words", [(), ("--health",)])
async def test_broken_request_is_told_without_a_trace(lookup, words, typed, told):
    done = await lookup(*words, typed=typed)

    assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"{told}\n")


async def test_health_is_asked_for_with_a_purpose(lookup):
    done = await lookup("--health", typed=orjson.dumps(LAN))

    assert orjson.loads(done.stdout)["health"]["summary"]["blood_group"] == "O+"


async def test_sample_of_the_demo_is_asked_by_its_code(lookup, tracuu):
    write_facts(tracuu.folder, samples={"000": SAMPLE})

    done = await lookup("--code", "000")

    assert orjson.loads(done.stdout)["person"]["citizen_id"] == CITIZEN_ID


async def test_unknown_code_is_told_with_those_there_are(lookup, tracuu):
    write_facts(tracuu.folder, samples={"000": SAMPLE, "130": SAMPLE})

    done = await lookup("--code", "999")

    assert (done.exit_code, done.stderr) == (1, "no sample for 999; known: 000 130\n")


async def test_code_without_a_demo_asks_to_start_one(lookup):
    done = await lookup("--code", "000")

    assert (done.exit_code, done.stderr) == (
        1,
        "there are no samples here: start tracuu demo in this folder\n",
    )


async def test_demo_in_this_folder_is_found(desk, tracuu):
    write_facts(tracuu.folder, url=desk.url, api_key=KEY, samples={"000": SAMPLE})

    done = await asyncio.to_thread(tracuu.run, "lookup", "--code", "000")

    assert done.exit_code == 0


async def test_option_wins_over_variable_and_demo(lookup, desk, tracuu):
    tracuu.set(TRACUU_URL="http://127.0.0.1:1")

    done = await lookup("--url", desk.url, typed=orjson.dumps(LAN))

    assert done.exit_code == 0


def test_without_any_service_it_says_how_to_name_one(tracuu):
    done = tracuu.run("lookup", typed="{}")

    assert (done.exit_code, done.stderr) == (
        1,
        "set TRACUU_URL and TRACUU_API_KEY, or start tracuu demo here\n",
    )


def test_service_that_is_down_is_told_without_a_trace(tracuu):
    tracuu.set(TRACUU_URL="http://127.0.0.1:1", TRACUU_API_KEY=KEY)

    done = tracuu.run("lookup", typed="{}")

    assert done.exit_code == 1
    assert done.stderr.startswith("no answer from http://127.0.0.1:1 ")


async def test_person_at_a_terminal_is_prompted_and_reads_a_card(desk):
    code, shown = await on_a_terminal(desk, CITIZEN_ID, "nguyen thi lan", "05/03/1980")

    assert code == 0
    assert "Ngày sinh" in shown
    assert "✔ 000" in shown


@pytest.mark.parametrize(
    "answers",
    [
        ("0681 8000 0001", "Nguyễn Thị Lan", ""),
        ("068.180.000.001", "", "05/03/1980"),
        (CARD_NUMBER, "Nguyễn Thị Lan", ""),
        (f"{CITIZEN_ID}||Nguyễn Thị Lan|05031980|Nữ|Đà Lạt|01012021",),
    ],
)
@pytest.mark.usefixtures("_terminal")
async def test_prompt_takes_whatever_is_in_hand(lookup, answers):
    done = await lookup(typed="\n".join((*answers, "")))

    assert done.exit_code == 0
    assert "✔ 000" in done.stdout


@pytest.mark.usefixtures("_terminal")
async def test_problem_at_a_terminal_is_a_card_too(lookup):
    done = await lookup(typed="1234\nLan\n\n")

    assert done.exit_code == 1
    assert "Yêu cầu không hợp lệ" in done.stdout


@pytest.mark.usefixtures("_terminal")
async def test_json_is_printed_at_a_terminal_when_asked_for(lookup):
    done = await lookup("--json", typed=f"{CITIZEN_ID}\nNguyễn Thị Lan\n\n")

    assert '"code": "000"' in done.stdout
    assert "╭" not in done.stdout


@pytest.mark.usefixtures("_terminal")
def test_prompt_can_be_left(tracuu):
    tracuu.set(TRACUU_URL="http://127.0.0.1:1", TRACUU_API_KEY=KEY)

    done = tracuu.run("lookup", typed="")

    assert done.exit_code == 1
    assert done.stderr.endswith("Aborted!\n")


def test_person_is_never_an_argument(tracuu):
    done = tracuu.run("lookup", CITIZEN_ID)

    assert done.exit_code == 2
    assert "Got unexpected extra argument" in done.stderr

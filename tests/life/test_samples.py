"""The samples run as people run them, against a real service."""

import asyncio
import os
import shutil
import sys
from datetime import timedelta
from pathlib import Path

import asyncpg
import orjson
import pytest

from adapters.gateway_users import create_gateway_user, replace_officers
from lookup.citizen_id import CitizenId
from lookup.ports import Officer
from tests.support.builders import a_card, a_person
from tests.support.insurer import LAN, OFFICER, USERNAME
from tests.support.population_rows import insert_card, insert_person
from tests.support.waiting import soon
from tests.support.whole_service import running_service

SAMPLES = Path(__file__).parents[2] / "docs/samples"

INTERPRETERS = {
    "curl": "sh",
    "javascript": "node",
    "php": "php",
    "python": sys.executable,
}
"""By folder. C# is compiled, not interpreted: read only."""

NAMES = sorted(str(file.relative_to(SAMPLES)) for file in SAMPLES.glob("*/*.*"))
QUESTIONS = {
    "v1": {
        "citizen_id": LAN["maThe"],
        "full_name": LAN["hoTen"],
        "birth_date": LAN["ngaySinh"],
    },
    "gateway": LAN | OFFICER,
}
"""One lookup in each protocol, by the name of its samples."""

FIELDS = {"v1": "full_name", "gateway": "hoTen"}


@pytest.fixture
async def service(database_url, redis_url, tmp_path):
    """A service that knows Lan, with an account for every sample."""
    connection = await asyncpg.connect(database_url)
    today = await connection.fetchval("SELECT current_date")
    year = timedelta(days=365)
    await insert_person(connection, a_person())
    card = a_card(valid_from=today - year, valid_to=today + year)
    await insert_card(connection, card)
    async with running_service(database_url, redis_url, tmp_path) as running:
        password = await create_gateway_user(connection, "benh-vien", USERNAME)
        officer = Officer(CitizenId(OFFICER["cccdCb"]), OFFICER["hoTenCb"])
        await replace_officers(connection, "benh-vien", [officer])
        await connection.close()
        running.account = {
            "TRACUU_URL": running.url,
            "TRACUU_API_KEY": running.key,
            "TRACUU_GATEWAY_USERNAME": USERNAME,
            "TRACUU_GATEWAY_PASSWORD": password.text,
        }
        yield running


def kind_of(name):
    return Path(name).stem.lower()


def interpreter_of(name):
    """What runs a sample; None when this machine has nothing that does."""
    folder = Path(name).parent.name
    if folder == "curl" and not shutil.which("curl"):
        return None
    return shutil.which(INTERPRETERS.get(folder, "dotnet-script"))


RUNNABLE = [name for name in NAMES if interpreter_of(name)]


async def run(name, question, **environ):
    """Run a sample; give its exit code, its output and what it complains of."""
    process = await asyncio.create_subprocess_exec(
        *(interpreter_of(name), SAMPLES / name),
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **environ},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await soon(process.communicate(orjson.dumps(question)))
    return process.returncode, out.decode(), err.decode()


def test_every_language_has_both_protocols():
    folders = {Path(name).parent.name for name in NAMES}

    kinds = {(Path(name).parent.name, kind_of(name)) for name in NAMES}

    assert folders == {*INTERPRETERS, "csharp"}
    assert kinds == {(folder, kind) for folder in folders for kind in QUESTIONS}


@pytest.mark.parametrize("name", NAMES)
def test_machine_can_run(name):
    if name not in RUNNABLE:
        pytest.skip("was not run: this machine has nothing that runs it")
    assert "python/v1.py" in RUNNABLE


async def test_samples_get_a_yes_a_no_and_a_refusal(service):
    for name in RUNNABLE:
        question, field = QUESTIONS[kind_of(name)], FIELDS[kind_of(name)]

        yes = await run(name, question, **service.account)
        no = await run(name, question | {field: "Phạm Quốc Bảo"}, **service.account)
        refused = await run(name, question | {field: "\x07"}, **service.account)

        codes = [yes[0], no[0], refused[0]]
        assert (name, codes) == (name, [0, 0, 1]), (yes, no, refused)
        assert "000" in yes[1]
        assert "060" in no[1]
        said = refused[1] + refused[2]
        assert "205" in said or "invalid_request" in said


async def test_samples_without_a_right_key_say_so(service):
    wrong = {"TRACUU_API_KEY": "tracuu_x", "TRACUU_GATEWAY_PASSWORD": "x"}

    for name in RUNNABLE:
        code, out, err = await run(
            name, QUESTIONS[kind_of(name)], **service.account | wrong
        )

        assert (name, code) == (name, 1)
        assert "not_authenticated" in out + err or "maKetQua 401" in err


@pytest.mark.parametrize("name", RUNNABLE)
async def test_sample_without_a_service_ends_with_a_reason(name):
    nowhere = {
        "TRACUU_URL": "http://127.0.0.1:9",
        "TRACUU_API_KEY": "x",
        "TRACUU_GATEWAY_USERNAME": "x",
        "TRACUU_GATEWAY_PASSWORD": "x",
    }

    code, out, err = await run(name, QUESTIONS[kind_of(name)], **nowhere)

    assert code != 0
    assert (out, bool(err)) == ("", True)

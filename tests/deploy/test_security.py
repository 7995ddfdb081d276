"""The threat model names tests that are there, and leaves no item of ASVS out."""

import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.api_keys import make_key
from adapters.gateway_users import PASSWORD_CHARS
from lookup.settings import Settings
from tests.deploy.papers import ROOT, prose
from tests.support.asvs import LEVEL_2, SECTIONS, items

MODEL = (ROOT / "SECURITY.md").read_text()
MAPPING = (ROOT / "deploy/SECURITY-ASVS.md").read_text()

ROW = re.compile(r"^\| (V\d[\d., V-]*) \| (.+) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py(?:::\w+)+)`")
WORDS = ("Written: ", "Operator: ", "Not met: ", "Does not apply: ")
NOT_MET = re.compile(r"^\| (V\d+\.\d+\.\d+) \|", re.MULTILINE)

INJECTIONS = {
    "S608": "def f(name): return f\"SELECT * FROM clients WHERE name = '{name}'\"",
    "S602": "import subprocess\nsubprocess.run(input(), shell=True, check=True)",
    "S605": "import os\nos.system(input())",
    "S307": "eval(input())",
    "S102": "exec(input())",
    "S301": "import pickle\npickle.loads(input())",
    "S324": "import hashlib\nhashlib.md5(b'')",
    "S501": "import requests\nrequests.get('https://x', verify=False, timeout=1)",
    "S311": "import random\nkey = random.random()",
}
"""By rule of the linter: what nobody may write."""


def rows(text):
    """Every row: its items, what it says in our words, what shows it."""
    return [(list(items(found[1])), found[2], found[3]) for found in ROW.finditer(text)]


def unshown(text):
    """Rows that name no test and begin with none of the words."""
    return [
        row
        for row in rows(text)
        if not (row[2].startswith(WORDS) or TEST.match(row[2]))
    ]


def not_met(text):
    return [
        item for row in rows(text) if row[2].startswith(WORDS[2]) for item in row[0]
    ]


def missing(names, found):
    return sorted(set(names) - found)


@pytest.fixture(scope="module")
def collected():
    """Every test that pytest finds in the files that are named."""
    files = {name.partition("::")[0] for name in TEST.findall(MAPPING + MODEL)}
    there = sorted(file for file in files if (ROOT / file).exists())
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *there]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {line.partition("[")[0] for line in done.stdout.splitlines()}


def lint(code):
    """The rules that the linter says this breaks in a module of ours."""
    command = [Path(sys.executable).parent / "ruff", "check", "--output-format=concise"]
    done = subprocess.run(
        [*command, "--stdin-filename", "adapters/planted.py", "-"],
        cwd=ROOT,
        input=code,
        capture_output=True,
        text=True,
        check=False,
    )
    return set(re.findall(r"\b(S\d+)\b", done.stdout))


def test_every_item_of_both_levels_stands_once():
    named = [item for row in rows(MAPPING) for item in row[0]]

    assert sorted(named) == sorted(LEVEL_2)


def test_the_standard_has_253_items_at_both_levels():
    assert len(LEVEL_2) == len(set(LEVEL_2)) == 253


def test_every_chapter_has_its_heading():
    chapters = {section.partition(".")[0] for section in SECTIONS}

    assert set(re.findall(r"^## (V\d+) ", MAPPING, re.MULTILINE)) == chapters


def test_every_row_is_shown_or_says_why_not():
    assert unshown(MAPPING) == []


def test_every_named_test_is_there_and_run(collected):
    names = TEST.findall(MAPPING + MODEL)

    assert len(names) > 150
    assert missing(names, collected) == []


@pytest.mark.parametrize(
    "gone",
    [
        "tests/unit/test_key.py::test_that_nobody_wrote",
        "tests/unit/test_no_such_file.py::test_one_number_has_one_key",
    ],
)
def test_a_test_that_is_gone_is_found(collected, gone):
    text = MAPPING + f"| V1.1.1 | words | `{gone}` |\n"

    assert missing(TEST.findall(text), collected) == [gone]


def test_both_pages_name_the_same_items_as_not_met():
    listed = NOT_MET.findall(prose(MODEL))

    assert sorted(listed) == sorted(not_met(MAPPING))


@pytest.mark.parametrize(
    ("find", "planted", "found"),
    [
        (unshown, "| V1.1.1 | words | we are sure of it |", 1),
        (unshown, "| V1.1.1 | words | `tests/unit/test_key.py` |", 1),
        (not_met, "| V1.1.1-2 | words | Not met: why. |", 2),
        (rows, "| V1.1.1, V2.1.1-3 | words | Written: there |", 1),
    ],
)
def test_what_is_planted_is_found(find, planted, found):
    assert len(find(planted)) == found


@pytest.mark.parametrize("rule", INJECTIONS)
def test_linter_finds_what_could_be_injected(rule):
    assert rule in lint(INJECTIONS[rule])


def test_no_such_finding_is_silenced():
    silenced = re.compile(rf"noqa:[^#]*\b({'|'.join(set(INJECTIONS) - {'S311'})})\b")
    sources = (
        file
        for package in ("lookup", "adapters", "cache")
        for file in (ROOT / package).rglob("*.py")
    )

    assert [str(file) for file in sources if silenced.search(file.read_text())] == []


def test_no_header_of_a_proxy_is_read():
    read = re.compile(r"X-Forwarded|X-Real-IP|\bForwarded\b", re.IGNORECASE)
    sources = (ROOT / "lookup").rglob("*.py")

    assert [str(file) for file in sources if read.search(file.read_text())] == []


def test_both_ports_are_private_unless_told_otherwise():
    fields = Settings.model_fields

    hosts = {fields["http_host"].default, fields["admin_host"].default}

    assert hosts == {"127.0.0.1"}


def test_what_is_drawn_has_128_bits():
    key = make_key().text.split("_")[1]

    assert min(PASSWORD_CHARS, len(key)) * math.log2(62) >= 128


def test_the_audit_is_kept_for_twelve_months_unless_told_otherwise():
    assert Settings.model_fields["audit_keep_days"].default >= 365

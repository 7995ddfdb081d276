"""What code already tells is printed from it, so no paper can say something else."""

from itertools import pairwise

import pytest
from click.testing import CliRunner

from deploy import print as prints
from lookup.cli import main as tracuu
from lookup.codes import RESULTS
from lookup.event_catalogue import EVENTS
from lookup.metrics_catalogue import CATALOGUE
from lookup.settings import Settings, settings_table, variable_of
from lookup.web.problems import PROBLEMS

NAMED = {
    "env.sample": [variable for variable, *_ in settings_table()],
    "METRICS.md": [row.name for row in CATALOGUE],
    "EVENTS.md": list(EVENTS),
    "RESULTS.md": [*RESULTS, *PROBLEMS],
}


def check():
    return CliRunner().invoke(prints.main, ["--check"])


def test_every_paper_is_as_printed():
    done = check()

    assert (done.output, done.exit_code) == ("", 0)


@pytest.fixture
def papers(tmp_path, monkeypatch):
    """A folder of freshly printed papers."""
    monkeypatch.setattr(prints, "HOME", tmp_path)
    CliRunner().invoke(prints.main)
    assert check().exit_code == 0
    return tmp_path


@pytest.mark.parametrize("name", prints.PAPERS)
def test_paper_that_says_something_else_is_found(papers, name):
    (papers / name).write_text("typed by hand\n")

    done = check()

    assert name in done.output
    assert done.exit_code == 1


@pytest.mark.parametrize("name", prints.PAPERS)
def test_missing_paper_is_found(papers, name):
    (papers / name).unlink()

    assert name in check().output


@pytest.mark.parametrize("name", prints.PAPERS)
def test_every_row_is_on_its_page(name):
    paper = prints.PAPERS[name]()

    assert [row for row in NAMED[name] if row not in paper] == []


@pytest.mark.parametrize("name", [n for n in prints.PAPERS if n.endswith(".md")])
def test_no_cell_breaks_its_table(name):
    rows = [r for r in prints.PAPERS[name]().splitlines() if r.startswith("|")]
    heads = [above for above, row in pairwise(rows) if "---" in row]

    assert {row.count("|") for row in rows} == {head.count("|") for head in heads}


def test_sample_of_the_environment_is_what_the_command_shows():
    shown = CliRunner().invoke(tracuu, ["settings"]).output

    assert shown.strip() == prints.env_sample().strip()


def test_every_default_of_the_sample_is_accepted():
    required = {
        variable_of("database_url"): "postgresql://tracuu@db/tracuu",
        variable_of("redis_url"): "redis://cache:6379/0",
        variable_of("cache_key"): "A" * 43 + "=",
    }
    lines = prints.env_sample().splitlines()
    pairs = [line[2:].split("=", 1) for line in lines if line.startswith("# TRACUU_")]

    assert Settings.read(dict(pairs) | required) == Settings.read(required)

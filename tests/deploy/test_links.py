"""Every link between the papers leads somewhere."""

import re

import pytest

from tests.deploy.papers import PAPERS, ROOT, prose

LINK = re.compile(r"\]\(([^)\s]+)\)")
OUTSIDE = re.compile(r"[a-z]+:")
HEADING = re.compile(r"^#+ +(.+?)\s*$", re.MULTILINE)


def anchors(text):
    """The names under which headings can be linked to."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in HEADING.findall(prose(text))
    }


def dead_links(paper):
    links = LINK.findall(prose(paper.read_text()))
    inside = (link for link in links if not OUTSIDE.match(link))
    return [link for link in inside if not leads_somewhere(paper, link)]


def leads_somewhere(paper, link):
    path, _, anchor = link.partition("#")
    target = paper.parent / path if path else paper
    return target.exists() and (not anchor or anchor in anchors(target.read_text()))


@pytest.mark.parametrize("paper", PAPERS, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_somewhere(paper):
    assert dead_links(paper) == []


@pytest.mark.parametrize("link", ["gone.md", "#gone", "here.md#gone", "folder/"])
def test_dead_link_is_found(tmp_path, link):
    (tmp_path / "here.md").write_text(f"# Here\n\n[that]({link})\n")

    assert dead_links(tmp_path / "here.md") == [link]


@pytest.mark.parametrize("link", ["here.md", "#a-1-mã-số", "here.md#a-1-mã-số"])
def test_link_that_leads_somewhere_is_let_through(tmp_path, link):
    text = f"# A 1: mã số!\n\n[that]({link}) [out](https://example.invalid)\n"
    (tmp_path / "here.md").write_text(text)

    assert dead_links(tmp_path / "here.md") == []

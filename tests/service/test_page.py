"""The reception page: served closed, whole and without a call to the outside."""

import re
from importlib import resources
from typing import get_args

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from lookup.codes import RESULTS, Outcome, Verdict
from lookup.record import CardStatus, Document, Manager, Sex, SourceName, Visit
from lookup.request import Purpose, RequestFields
from lookup.web.static import static_routes

PAGE = resources.files("lookup.web").joinpath("page")
FILES = sorted(entry.name for entry in PAGE.iterdir())
SCRIPTS = [name for name in FILES if name.endswith(".js")]

XML_NAMESPACE = "http://www.w3.org/2000/svg"

# Each of these would keep something about a patient, or turn text into markup.
FORBIDDEN = (
    r"localStorage|indexedDB|document\.cookie|caches\.|history\.|location\.|"
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
)

INLINE = r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle="


def text_of(name):
    return PAGE.joinpath(name).read_text(encoding="utf-8")


def outside_urls(text):
    return [
        url
        for url in re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"')]*", text)
        if url != XML_NAMESPACE
    ]


def words_of(table):
    """The keys of a table in words.js."""
    body = re.search(
        rf"export const {table} = {{(.*?)^}};",
        text_of("words.js"),
        re.DOTALL | re.MULTILINE,
    )
    return set(re.findall(r"^  (\w+):", body[1], re.MULTILINE))


def literals(struct, field):
    return set(get_args(struct.__annotations__[field]))


@pytest.fixture
async def client():
    app = web.Application()
    app.add_routes(static_routes())
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_page_is_served_under_a_closed_policy(client):
    response = await client.get("/")

    assert response.status == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert dict(
        part.split(" ", 1)
        for part in response.headers["Content-Security-Policy"].split("; ")
    ) == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "form-action": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


@pytest.mark.parametrize("name", [name for name in FILES if name != "index.html"])
async def test_every_file_of_the_page_is_served(client, name):
    response = await client.get(f"/page/{name}")

    assert response.status == 200
    assert await response.read() == PAGE.joinpath(name).read_bytes()


async def test_scripts_and_styles_say_what_they_are(client):
    types = {
        name: (await client.get(f"/page/{name}")).content_type
        for name in ("page.js", "page.css", "icon.svg")
    }

    assert types == {
        "page.js": "text/javascript",
        "page.css": "text/css",
        "icon.svg": "image/svg+xml",
    }


async def test_a_file_the_browser_holds_is_not_sent_again(client):
    etag = (await client.get("/")).headers["ETag"]

    again = await client.get("/", headers={"If-None-Match": f'"old", {etag}'})

    assert not etag.startswith("W/")
    assert (again.status, await again.read()) == (304, b"")
    assert again.headers["ETag"] == etag
    assert again.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("held", [None, '"of an older release"'])
async def test_a_file_the_browser_lacks_is_sent(client, held):
    headers = {} if held is None else {"If-None-Match": held}

    response = await client.get("/page/page.js", headers=headers)

    assert response.status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/page/",
        "/page/index.html.bak",
        "/page/../static.py",
        "/page/%2e%2e/static.py",
        "/page/..%2fstatic.py",
        "/page//etc/passwd",
    ],
)
async def test_nothing_beside_the_list_can_be_reached(client, path):
    response = await client.get(URL(path, encoded=True))

    assert response.status == 404


async def test_whatever_the_page_refers_to_is_there(client):
    html = text_of("index.html")
    wanted = set(re.findall(r'(?:src|href)="([^"#]+)"', html))
    for name in SCRIPTS:
        wanted |= {
            f"page/{found}" for found in re.findall(r'"\./(.+?)"', text_of(name))
        }

    missing = [at for at in wanted if (await client.get(f"/{at}")).status != 200]

    assert wanted >= {f"page/{name}" for name in SCRIPTS}
    assert missing == []


def test_every_element_a_script_asks_for_is_in_the_page():
    ids = set(re.findall(r'\bid="([\w-]+)"', text_of("index.html")))
    asked = set()
    for name in SCRIPTS:
        asked |= set(re.findall(r'\b(?:part|field)\("([\w-]+)"\)', text_of(name)))

    # The health panel is made by a script, with the answer it belongs to.
    assert asked - ids == {"health"}


@pytest.mark.parametrize("name", FILES)
def test_no_file_speaks_of_an_outside_address(name):
    assert outside_urls(text_of(name)) == []


@pytest.mark.parametrize(
    "planted",
    ["https://cdn.example/x.js", "//fonts.example/css?a", "http://localhost.example"],
)
def test_an_outside_address_would_be_found(planted):
    assert outside_urls(f'import "{planted}";') == [planted]


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_keep_nothing_and_make_no_markup_from_text(name):
    assert re.findall(FORBIDDEN, text_of(name)) == []


def test_the_tab_keeps_the_key_the_operator_and_the_language_only():
    kept = {
        found
        for name in SCRIPTS
        for found in re.findall(r"sessionStorage\.\w+\(\"(\w+)\"", text_of(name))
    }

    assert kept == {"api_key", "operator", "language"}


def test_nothing_in_the_page_is_inline():
    assert re.findall(INLINE, text_of("index.html")) == []


@pytest.mark.parametrize(
    "planted", ["<script>x</script>", '<p onclick="x">', '<p style="x">', "<style>"]
)
def test_something_inline_would_be_found(planted):
    assert re.search(INLINE, planted)


@pytest.mark.parametrize("name", ["number", "birth", "name", "on", "key", "operator"])
def test_no_field_is_remembered_by_the_browser(name):
    field = re.search(rf'<input id="{name}"[^>]*>', text_of("index.html"))

    assert 'autocomplete="off"' in field[0]


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("HEADLINES", set(Outcome) | {"unasked"}),
        ("SEX", set(get_args(Sex))),
        ("MANAGER", set(get_args(Manager))),
        ("CARD_STATUS", set(get_args(CardStatus))),
        ("SOURCE", set(get_args(SourceName))),
        ("VISIT_KIND", literals(Visit, "kind")),
        ("VISIT_OUTCOME", literals(Visit, "outcome")),
        ("DOCUMENT_KIND", literals(Document, "kind")),
        ("PURPOSES", set(Purpose)),
    ],
)
def test_whatever_an_answer_may_hold_has_its_words(table, values):
    assert words_of(table) == values


def test_pointers_and_fields_are_those_of_a_request():
    fields = set(RequestFields.__struct_fields__)
    pointers = set(re.findall(r'^  "/(\w+)":', text_of("question.js"), re.MULTILINE))

    assert pointers == {
        "citizen_id",
        "card_number",
        "qr",
        "birth_date",
        "full_name",
        "on",
    }
    assert pointers | {"include", "purpose", "operator"} == fields


def test_every_verdict_has_a_colour_and_a_shape():
    for verdict in get_args(Verdict):
        assert f'id="icon-{verdict}"' in text_of("index.html")
        assert f".{verdict} {{" in text_of("answer.css")


def test_no_result_is_worded_a_second_time():
    scripts = "".join(text_of(name) for name in SCRIPTS)

    assert [row.code for row in RESULTS.values() if row.text_vi in scripts] == []


def luminance(colour):
    digits = colour if len(colour) == 6 else "".join(2 * digit for digit in colour)
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return sum(
        share * c for share, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("verdict", get_args(Verdict))
@pytest.mark.parametrize(("ink", "ground"), [("on-tone", "tone"), ("step", "tint")])
def test_a_verdict_can_be_read(verdict, ink, ground):
    rule = re.search(
        rf"^\.{verdict} {{(.*?)}}", text_of("answer.css"), re.DOTALL | re.MULTILINE
    )
    colours = dict(re.findall(r"--([\w-]+): #(\w+);", rule[1]))

    # WCAG 2.2 AA, 1.4.3.
    assert contrast(colours[ink], colours[ground]) >= 4.5

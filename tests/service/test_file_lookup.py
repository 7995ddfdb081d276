import asyncio
import csv
import io

import pytest
from rich.console import Console

from lookup import file_lookup
from lookup.ask import AskError
from lookup.ask import Desk as Place
from tests.support.builders import a_card, a_coverage
from tests.support.desk import KEY, open_desk

LAN = "068180000001"
HEAD = "citizen_id;full_name;birth_date"
ROW = f"{LAN};Nguyễn Thị Lan;05/03/1980"


@pytest.fixture
async def desk():
    async with open_desk() as desk:
        desk.source.know(a_coverage(cards=(a_card(),)))
        yield desk


@pytest.fixture
def file(tmp_path):
    return tmp_path / "patients.csv"


async def ask(desk, file, output=None):
    """Ask for the rows of a file as the command does, from a thread of its own."""
    place = Place(str(desk.client.make_url("")).rstrip("/"), KEY)
    return await asyncio.to_thread(file_lookup.run, place, file, output)


async def answered(desk, file, *rows, encoding="utf-8", end="\n"):
    """What comes out for a file of these lines: whether all is well, and the rows."""
    file.write_text(end.join(rows), encoding=encoding, newline="")
    output = file.with_name("answers.csv")
    is_well = await ask(desk, file, output)
    text = output.read_text(encoding="utf-8-sig")
    delimiter = ";" if ";" in rows[0] else ","
    return is_well, list(csv.DictReader(io.StringIO(text), delimiter=delimiter))


async def test_every_row_has_its_answer_beside_it(desk, file):
    is_well, (row,) = await answered(desk, file, HEAD, ROW)

    assert is_well
    assert tuple(row) == (*HEAD.split(";"), *file_lookup.ADDED)
    assert row["full_name"] == "Nguyễn Thị Lan"
    assert (row["code"], row["outcome"], row["in_force"]) == ("000", "active", "true")
    assert row["card"] == a_card().card_number
    assert (row["valid_from"], row["valid_to"]) == ("2026-01-01", "2026-12-31")
    assert row["text_vi"] == "Thông tin thẻ BHYT chính xác"
    assert row["next_step_vi"]
    assert row["request_id"]


@pytest.mark.parametrize("delimiter", [";", ","])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
async def test_what_excel_saves_is_read(desk, file, delimiter, encoding, end):
    lines = [line.replace(";", delimiter) for line in (HEAD, ROW, ";;", "")]

    _, rows = await answered(desk, file, *lines, encoding=encoding, end=end)

    assert [row["code"] for row in rows] == ["000"]


async def test_a_row_at_fault_keeps_its_place_and_says_which_column(desk, file):
    bad = f"{LAN};Lan;30/02/1980"
    short = LAN

    is_well, rows = await answered(desk, file, HEAD, bad, ROW, short)

    assert not is_well
    assert [row["code"] for row in rows] == ["invalid_request", "000", "000"]
    assert rows[0]["outcome"] == "refused"
    assert "birth_date: " in rows[0]["text_vi"]


async def test_a_row_that_could_not_be_answered_says_what_to_do(desk, file):
    desk.source.unplug()

    is_well, (row,) = await answered(desk, file, HEAD, ROW)

    assert not is_well
    assert (row["code"], row["outcome"]) == ("source_unavailable", "unavailable")
    assert "tiếp nhận" in row["next_step_vi"]


async def test_a_no_is_an_answer_without_a_card(desk, file):
    is_well, (row,) = await answered(desk, file, HEAD, f"{LAN};Phạm Quốc Bảo;")

    assert is_well
    assert (row["code"], row["card"], row["in_force"]) == ("060", "", "")


async def test_a_long_file_travels_in_chunks_and_stays_in_order(
    desk, file, monkeypatch
):
    monkeypatch.setattr(file_lookup, "CHUNK", 2)
    names = ["Lan", "Nguyễn Thị Lan"] * 4 + ["Lan"]

    _, rows = await answered(desk, file, HEAD, *(f"{LAN};{name};" for name in names))

    assert [row["full_name"] for row in rows] == names
    assert len({row["request_id"] for row in rows}) == 5


async def test_rows_answered_before_it_broke_off_are_kept(desk, file, monkeypatch):
    monkeypatch.setattr(file_lookup, "CHUNK", 1)
    known = iter([desk.directory.find(KEY, None)])
    monkeypatch.setattr(desk.directory, "find", lambda *_: next(known, None))
    file.write_text(f"{HEAD}\n{ROW}\n{ROW}", encoding="utf-8")
    output = file.with_name("answers.csv")

    with pytest.raises(AskError, match="not known"):
        await ask(desk, file, output)

    first, second = output.read_text(encoding="utf-8-sig").splitlines()[1:]
    assert first.startswith(f"{ROW};000;active;")
    assert second == ROW + ";" * len(file_lookup.ADDED)


async def test_answers_are_for_their_owner_only(desk, file):
    await answered(desk, file, HEAD, ROW)

    assert file.with_name("answers.csv").stat().st_mode & 0o077 == 0


async def test_rows_go_to_standard_output_as_csv(desk, file, capsys):
    file.write_text(f"{HEAD}\n{ROW}\n", encoding="utf-8")

    await ask(desk, file)

    out, err = capsys.readouterr()
    head, row = out.splitlines()
    assert head == f"{HEAD};{';'.join(file_lookup.ADDED)}"
    assert row.startswith(f"{ROW};000;active;")
    assert "Asking" in err


async def test_a_terminal_shows_a_table(desk, file, monkeypatch):
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=200)
    monkeypatch.setattr(file_lookup, "Console", lambda: console)
    file.write_text(f"{HEAD}\n{ROW}\n{LAN};1;\n", encoding="utf-8")

    await ask(desk, file)

    for shown in ("full_name", "Nguyễn Thị Lan", "000", "invalid_request", "text_vi"):
        assert shown in out.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "a column citizen_id or card_number or qr is missing"),
        (b"full_name;birth_date\n", "a column citizen_id or card_number or qr"),
        (b"cccd;full_name\n", "column 'cccd' is none of citizen_id, card_number"),
        (b"citizen_id;citizen_id\n", "column 'citizen_id' is there twice"),
        (b"citizen_id,full_name\n1,a,b\n", "row 2 has more cells than columns"),
        (b"citizen_id\n\xd4\xfe\n", "save it as CSV UTF-8"),
        (b"\xff\xfec\x00", "save it as CSV UTF-8"),
    ],
)
def test_a_file_of_the_wrong_shape_is_refused_with_the_reason(file, content, reason):
    file.write_bytes(content)

    with pytest.raises(AskError, match=reason) as refused:
        file_lookup.read_sheet(file)

    assert "patients.csv" in str(refused.value)


def test_an_output_that_cannot_be_written_is_told_before_anything_is_asked(file):
    file.write_text(f"{HEAD}\n{ROW}\n", encoding="utf-8")
    nowhere = file.parent / "no" / "answers.csv"

    with pytest.raises(AskError, match="No such file or directory"):
        file_lookup.run(Place("http://127.0.0.1:9", KEY), file, nowhere)


def test_a_service_that_is_not_there_is_told(file):
    file.write_text(f"{HEAD}\n{ROW}\n", encoding="utf-8")

    with pytest.raises(AskError, match="no answer from"):
        file_lookup.run(Place("http://127.0.0.1:9", KEY), file, None)

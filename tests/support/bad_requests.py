"""Requests that must be refused, by the thousand, the same in every run.

Each comes with a word that stands in it and must not come back in the answer.
"""

import random

import orjson

GOOD = {
    "citizen_id": "068180000001",
    "full_name": "Nguyễn Thị Lan",
    "birth_date": "1980-03-05",
}

NUMBERS = ("0681800000019", "06818000000", "12345678", "0681800000x1", "٠٦٨١٨٠٠٠٠٠٠١")
DATES = ("1980-02-30", "31/04/1999", "2999-01-01", "00/00", "19800305", "1899-12-31")
QRS = ("068180000001", "068180000001|x", "||||||", "DN4|2d|x", "\u202e" * 20)
UNPRINTABLE = ("\x00", "\x07", "\x1b[31m", "\x7f", "\u202e", "\u2066")
ODD = ("🩺", "<script>", "1234", "", " ", "\u3000", "\ufeff")
TYPES = (0, -1, 1.5, 1e308, True, False, [], {}, ["x"], {"a": 1}, [[[]]])


def bad_requests(count, *, seed=7):
    """So many bodies, each with what may not be repeated (b"" for nothing)."""
    draw = random.Random(seed)
    for _ in range(count):
        make = draw.choice(_MAKERS)
        yield make(draw)


def _mark(draw):
    return f"zq{draw.randrange(10**9):09}xj"


def _broken_json(draw):
    text = orjson.dumps(GOOD | {"operator": _mark(draw)})
    return text[: draw.randrange(1, len(text))], b""


def _not_json(draw):
    return draw.randbytes(draw.randrange(0, 200)) or b"\xff", b""


def _wrong_type(draw):
    field = draw.choice([*GOOD, "on", "purpose", "operator", "qr", "include"])
    value = draw.choice([t for t in TYPES if not (field == "include" and t == [])])
    return orjson.dumps(GOOD | {field: value}), b""


def _bad_number(draw):
    number = draw.choice(NUMBERS) if draw.random() < 0.5 else _mark(draw)
    field = draw.choice(["citizen_id", "card_number", "qr"])
    return _with_number(field, number), number.encode()


def _bad_qr(draw):
    return _with_number("qr", draw.choice(QRS) + _mark(draw)), b""


def _with_number(field, value):
    claim = {name: GOOD[name] for name in ("full_name", "birth_date")}
    return orjson.dumps({field: value} | claim)


def _bad_date(draw):
    field = draw.choice(["birth_date", "on"])
    text = draw.choice(DATES) if draw.random() < 0.7 else _mark(draw)
    if (field, text) == ("on", "1899-12-31"):
        text = "2999-12-31"
    return orjson.dumps(GOOD | {field: text}), text.encode()


def _bad_character(draw):
    field = draw.choice(["citizen_id", "full_name", "birth_date", "operator"])
    mark = _mark(draw)
    text = mark + draw.choice(UNPRINTABLE) + mark
    return orjson.dumps(GOOD | {field: text}), mark.encode()


def _odd_name(draw):
    return orjson.dumps(GOOD | {"full_name": draw.choice(ODD)}), b""


def _lone_surrogate(draw):
    mark = _mark(draw).encode()
    return b'{"citizen_id":"068180000001","full_name":"\\ud83d' + mark + b'"}', mark


def _twice(draw):
    mark = _mark(draw).encode()
    name = draw.choice([b"full_name", b"\\u0066ull_name"])
    head = b'{"citizen_id":"068180000001","full_name":"Lan","'
    return head + name + b'":"' + mark + b'"}', mark


def _unknown_field(draw):
    mark = _mark(draw)
    return orjson.dumps(GOOD | {draw.choice(["ho_ten", mark]): mark}), mark.encode()


def _too_many_numbers(draw):
    other = draw.choice(["card_number", "qr"])
    return orjson.dumps(GOOD | {other: "DN4686800000001"}), b"DN4686800000001"


def _too_long(draw):
    field = draw.choice(["citizen_id", "full_name", "operator", "birth_date", "qr"])
    mark = _mark(draw)
    length = draw.choice([300, 5_000, 60_000])
    return orjson.dumps(GOOD | {field: mark * (length // 13)}), mark.encode()


def _too_large(draw):
    return b'{"qr":"' + b"x" * draw.choice([70_000, 1_000_000]) + b'"}', b""


def _deep(draw):
    depth = draw.choice([100, 900, 2_000])
    nested = b"[" * depth + b"]" * depth
    return b'{"include":' + nested + b',"include":' + nested + b"}", b""


def _bad_choice(draw):
    mark = _mark(draw)
    field = draw.choice(["purpose", "include"])
    value = mark if field == "purpose" else ["health", mark]
    return orjson.dumps(GOOD | {field: value}), mark.encode()


def _nothing(draw):
    return draw.choice([b"", b"{}", b"[]", b"null", b'"x"', b"0", b"{}{}"]), b""


_MAKERS = (
    *(_broken_json, _not_json, _wrong_type, _bad_number, _bad_qr, _bad_date),
    *(_bad_character, _odd_name, _lone_surrogate, _twice, _unknown_field),
    *(_too_many_numbers, _too_long, _deep, _bad_choice, _nothing),
    *(_wrong_type, _bad_number, _bad_date, _bad_character),
)
RARE = (_too_large,)

"""Questions in the insurer's protocol that must be refused, by the thousand.

Each comes with its content type and a word that must not come back in the answer.
"""

import random
from urllib.parse import urlencode

import orjson

from tests.support.bad_requests import DATES, NUMBERS, ODD, TYPES, UNPRINTABLE
from tests.support.insurer import LAN, OFFICER

GOOD = LAN | OFFICER
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def bad_insurer_requests(count, *, seed=7):
    """So many bodies, each with its type and what may not be repeated."""
    draw = random.Random(seed)
    for _ in range(count):
        made = draw.choice(_MAKERS)(draw)
        yield made if isinstance(made, tuple) else _spoiled(draw, *made)


def _mark(draw):
    return f"zq{draw.randrange(10**9):09}xj"


def _spoiled(draw, field, value, secret=b""):
    """The good question with one field spoiled, in either form."""
    sent = GOOD | {field: value}
    if draw.random() < 0.5 and isinstance(value, str):
        return urlencode(sent, errors="surrogatepass").encode(), FORM, secret
    return orjson.dumps(sent), JSON, secret


def _field(draw):
    return draw.choice(list(GOOD))


def _bad_number(draw):
    number = draw.choice(NUMBERS) if draw.random() < 0.5 else _mark(draw)
    return [draw.choice(["maThe", "cccdCb"]), number, number.encode()]


def _bad_date(draw):
    text = draw.choice(DATES) if draw.random() < 0.7 else _mark(draw)
    return ["ngaySinh", text, text.encode()]


def _bad_character(draw):
    mark = _mark(draw)
    return [_field(draw), mark + draw.choice(UNPRINTABLE) + mark, mark.encode()]


def _odd_name(draw):
    return [draw.choice(["hoTen", "hoTenCb"]), draw.choice(ODD)]


def _too_long(draw):
    mark = _mark(draw)
    return [_field(draw), mark * draw.choice([25, 400, 3_000]), mark.encode()]


def _wrong_type(draw):
    return [_field(draw), draw.choice(TYPES)]


def _missing(draw):
    return [_field(draw), draw.choice([None, ""])]


def _broken_json(draw):
    text = orjson.dumps(GOOD)
    return text[: draw.randrange(1, len(text))], JSON, b""


def _not_utf8(draw):
    return draw.randbytes(draw.randrange(0, 200)), draw.choice([JSON, FORM]), b""


def _twice(draw):
    mark = _mark(draw)
    form = urlencode([*GOOD.items(), (_field(draw), mark)]).encode()
    json = orjson.dumps(GOOD)[:-1] + b',"hoTen":"' + mark.encode() + b'"}'
    body, kind = draw.choice([(form, FORM), (json, JSON)])
    return body, kind, mark.encode()


def _many_fields(draw):
    pairs = [(_mark(draw), "1") for _ in range(60)]
    return urlencode([*GOOD.items(), *pairs]).encode(), FORM, pairs[0][0].encode()


def _other_type(draw):
    kind = draw.choice(["text/plain", "multipart/form-data", "application/xml", "x/y"])
    return orjson.dumps(GOOD), kind, b""


def _nothing(draw):
    body = draw.choice([b"", b"{}", b"[]", b"null", b'"x"', b"0", b"{}{}"])
    return body, draw.choice([JSON, FORM]), b""


def too_large(draw):
    """A body that no question needs."""
    return b"hoTen=" + b"x" * draw.choice([70_000, 1_000_000]), FORM, b""


_MAKERS = (
    *(_bad_number, _bad_date, _bad_character, _odd_name, _too_long, _wrong_type),
    *(_missing, _broken_json, _not_utf8, _twice, _many_fields, _other_type, _nothing),
)

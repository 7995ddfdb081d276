"""One lookup by the insurer's protocol; the question comes as JSON on stdin."""

import hashlib
import json
import os
import sys
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

URL = os.environ["TRACUU_URL"]
USERNAME = os.environ["TRACUU_GATEWAY_USERNAME"]
PASSWORD = os.environ["TRACUU_GATEWAY_PASSWORD"].encode()
PASSWORD_MD5 = hashlib.md5(PASSWORD).hexdigest().upper()

NOTHING_LOOKED_UP = {"054", "055", "100", "101", "205", "401"}


def post(path: str, body: bytes, content_type: str) -> dict:
    """Call one function; HTTP says 200 and maKetQua the rest."""
    request = Request(URL + path, data=body, headers={"Content-Type": content_type})
    with urlopen(request, timeout=5) as response:
        return json.load(response)


def take_token() -> dict:
    """Sign in; the token lasts until ``expires_in``, so keep it until then."""
    account = urlencode({"username": USERNAME, "password": PASSWORD_MD5}).encode()
    taken = post("/api/token/take", account, "application/x-www-form-urlencoded")
    if taken["maKetQua"] != "200":
        sys.exit(f"no token: maKetQua {taken['maKetQua']}")
    return taken["APIKey"]


def look_up(question: bytes, key: dict) -> dict:
    """Ask about a card; on maKetQua 401, take one new token and ask once more."""
    query = urlencode(
        {
            "token": key["access_token"],
            "id_token": key["id_token"],
            "username": USERNAME,
            "password": PASSWORD_MD5,
        }
    )
    path = f"/api/egw/KQNhanLichSuKCB2024?{query}"
    return post(path, question, "application/json; charset=utf-8")


try:
    answer = look_up(sys.stdin.buffer.read(), take_token())
except (URLError, TimeoutError) as error:
    sys.exit(f"no answer: {error}")

print(answer["maKetQua"], answer["ghiChu"])
sys.exit(answer["maKetQua"] in NOTHING_LOOKED_UP)

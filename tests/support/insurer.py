"""A hospital's software that speaks the insurer's protocol, in few words."""

import hashlib
from datetime import UTC, datetime

import orjson

from adapters.clients import Client
from adapters.gateway_users import Account, Kept, hash_officer
from lookup.citizen_id import CitizenId
from lookup.names import fold_name
from lookup.scopes import Scope

USERNAME = "68001_BV"
PASSWORD_MD5 = hashlib.md5(b"mat khau", usedforsecurity=False).hexdigest().upper()

OFFICER = {"hoTenCb": "Hoàng Thị Thu Trang", "cccdCb": "068190000099"}

LAN = {"maThe": "068180000001", "hoTen": "Nguyễn Thị Lan", "ngaySinh": "05/03/1980"}
"""The citizen of ``builders``."""

CARD = "KQNhanLichSuKCB2024"
HISTORY = "Lskcb2025"


def an_account(
    *,
    officers=(OFFICER,),
    scopes=frozenset(Scope),
    username=USERNAME,
    deadline_s=None,
):
    client = Client(
        client_id="benh-vien",
        description="",
        scopes=scopes,
        key_hint="xxxx",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        expires_at=None,
        deadline_s=deadline_s,
    )
    listed = {
        hash_officer("benh-vien", CitizenId(each["cccdCb"])): fold_name(each["hoTenCb"])
        for each in officers
    }
    return Account(username, client, Kept(b"", b""), listed)


class FakeGatewayDirectory:
    """Knows the accounts it is given, each with the same password."""

    is_late = False
    """Whether checking a password takes longer than anybody waits."""

    def __init__(self, *accounts):
        self.accounts = {account.username: account for account in accounts}

    def become(self, **deviations):
        """Let the account be another one."""
        account = an_account(**deviations)
        self.accounts = {account.username: account}

    def find(self, username, now):  # noqa: ARG002 - no client ends here
        return self.accounts.get(username)

    async def sign_in(self, username, password_md5, now):
        if self.is_late:
            raise TimeoutError
        is_right = password_md5.upper() == PASSWORD_MD5
        return self.find(username, now) if is_right else None


class Hospital:
    """Asks a desk's service in the insurer's protocol; takes a token when it has none.

    ``query`` and ``headers`` may be changed by a test before it asks.
    """

    def __init__(self, desk):
        self.desk = desk
        self.query = {}
        self.headers = {}
        self.question = LAN | OFFICER

    async def take(self, *, form=True, **deviations):
        """Ask for a token."""
        sent = {"username": USERNAME, "password": PASSWORD_MD5} | deviations
        _, answer = await self.post("/api/token/take", sent, form=form)
        return answer

    async def sign_in(self):
        key = (await self.take())["APIKey"]
        self.query = {
            "token": key["access_token"],
            "id_token": key["id_token"],
            "username": USERNAME,
            "password": PASSWORD_MD5,
        }

    async def ask(self, function=CARD, *, form=False, **deviations):
        """Look a card up; a deviation of None leaves the field out."""
        if not self.query:
            await self.sign_in()
        return await self.ask_as_it_is(function, form=form, **deviations)

    async def ask_as_it_is(self, function=CARD, *, form=False, **deviations):
        """The same with ``query`` as it stands, token or none."""
        sent = LAN | OFFICER | deviations
        sent = {name: value for name, value in sent.items() if value is not None}
        _, answer = await self.post(f"/api/egw/{function}", sent, form=form)
        return answer

    async def post(self, path, sent, *, form=False, content_type=None):
        """Send fields, or bytes as they are."""
        raw = sent if isinstance(sent, bytes) else orjson.dumps(sent)
        headers = dict(self.headers)
        if not form:
            headers["Content-Type"] = content_type or "application/json"
        response = await self.desk.client.post(
            path, params=self.query, data=sent if form else raw, headers=headers
        )
        return response, orjson.loads(await response.read())

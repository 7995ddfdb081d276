"""The insurer's gateway as its annex describes it, on this machine, able to fail.

It judges name and date of birth as the gateway does, and answers every field as text.
"""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.vss_token import Account
from lookup.names import fold_name

ACCOUNT = Account(
    username="68001_BV",
    password_md5="0123456789ABCDEF0123456789ABCDEF",
    officer_name="Trần Văn Mẫu",
    officer_citizen_id="068080999999",
)

TOKEN_PATH = "/api/token/take"
COVERAGE_PATH = "/api/egw/KQNhanLichSuKCB2024"
HEALTH_PATH = "/api/egw/Lskcb2025"


def card_answer(record, code="000", **deviations):
    """What the gateway says of the first card of a record, or of two: the new one."""
    old, new = record.cards[0], record.cards[-1]
    person = record.person
    return {
        "maKetQua": code,
        "ghiChu": "Thẻ còn giá trị sử dụng!",
        "maThe": old.card_number,
        "hoTen": person.full_name,
        "ngaySinh": birth_text(person.birth_date),
        "gioiTinh": {"male": "Nam", "female": "Nữ"}.get(person.sex, "Chưa xác định"),
        "diaChi": None,
        "maDKBD": old.facility_code,
        "cqBHXH": old.issued_by,
        "gtTheTu": day_text(old.valid_from),
        "gtTheDen": day_text(old.valid_to),
        "maKV": old.area or "",
        "ngayDu5Nam": day_text(old.five_year_on),
        "maSoBHXH": old.social_insurance_number,
        "maTheCu": "",
        "maTheMoi": new.card_number,
        "gtTheTuMoi": day_text(new.valid_from),
        "gtTheDenMoi": day_text(new.valid_to),
        "maDKBDMoi": new.facility_code,
        "tenDKBDMoi": new.facility_name,
        "dsLichSuKCB2018": None,
        "dsLichSuKT2018": [],
        **deviations,
    }


def visits_answer(record, **deviations):
    """What the gateway says of the visits of a record; no discharges by night."""
    outcomes = {"cured": "1", "better": "2", "unchanged": "3", "worse": "4"}
    return {
        "maKetQua": "000",
        "ghiChu": None,
        "dsLichSuKCB2025": [
            {
                "maHoSo": visit.visit_id,
                "maCSKCB": visit.facility_code,
                "ngayVao": f"{visit.admitted_on:%Y%m%d}0830",
                "ngayRa": visit.discharged_on and f"{visit.discharged_on:%Y%m%d}1015",
                "tenBenh": visit.diagnosis,
                "tinhTrang": "1",
                "kqDieuTri": outcomes.get(visit.outcome, "6"),
                "lyDoVV": "1",
            }
            for visit in record.visits
        ],
        **deviations,
    }


def day_text(day):
    return day and f"{day:%d/%m/%Y}"


def birth_text(birth):
    parts = [f"{part:02}" for part in (birth.day, birth.month) if part is not None]
    return "/".join([*parts, str(birth.year)])


def json(content):
    return web.Response(body=orjson.dumps(content), content_type="application/json")


class GatewayDouble:
    """A gateway that listens. Asked for something it was told, it answers."""

    def __init__(self):
        self.url = ""
        self.tokens_taken = 0
        self.token_life_s = 600
        self.clock_ahead_s = 0
        self.asked = []
        """Path, query and fields of every question, in order."""

        self.waiting = asyncio.Event()
        """Set while a question is being held."""

        self._answers = {}
        self._faults = []
        self._lasting = {}
        self._tokens = set()
        self._open = asyncio.Event()
        self._open.set()

    def know(self, numbers, coverage, health=None):
        """Answer these texts about whoever has one of these numbers."""
        for number in numbers:
            self._answers[number] = {COVERAGE_PATH: coverage, HEALTH_PATH: health}

    def fail(self, *faults):
        """Fail the next questions, one fault each."""
        self._faults.extend(faults)

    def fail_always(self, fault, path=COVERAGE_PATH):
        """Fail all questions at one path from now on; None ends it."""
        self._lasting[path] = fault

    def revoke_tokens(self):
        """No token given so far opens any more."""
        self._tokens.clear()

    def hold(self):
        self._open.clear()

    def release(self):
        self._open.set()

    async def take_token(self, request):
        self.tokens_taken += 1
        await self._held()
        if fault := self._lasting.get(TOKEN_PATH):
            return await fault(request)
        fields = await request.post()
        if fields["password"] != ACCOUNT.password_md5:
            return json({"maKetQua": "401", "APIKey": None})
        token = f"token+{self.tokens_taken}="
        self._tokens.add(token)
        now = datetime.now(UTC) + timedelta(seconds=self.clock_ahead_s)
        ends_at = now + timedelta(seconds=self.token_life_s)
        key = {
            "access_token": token,
            "id_token": f"id-{self.tokens_taken}",
            "token_type": "Bearer",
            "username": fields["username"],
            "expires_in": f"{ends_at:%Y-%m-%dT%H:%M:%S}.1234567Z",
        }
        response = json({"maKetQua": "200", "APIKey": key})
        response.headers["Date"] = f"{now:%a, %d %b %Y %H:%M:%S} GMT"
        return response

    async def answer(self, request):
        is_form = request.content_type == "application/x-www-form-urlencoded"
        fields = dict(await request.post()) if is_form else await request.json()
        self.asked.append((request.path, dict(request.query), fields))
        await self._held()
        if self._faults:
            return await self._faults.pop(0)(request)
        if fault := self._lasting.get(request.path):
            return await fault(request)
        if request.query["token"] not in self._tokens:
            return json({"maKetQua": "401"})
        if request.path == HEALTH_PATH and not is_form:
            return json({"maKetQua": "205"})
        return json(self._told(request.path, fields))

    async def _held(self):
        if not self._open.is_set():
            self.waiting.set()
            await self._open.wait()

    def _told(self, path, fields):
        answers = self._answers.get(fields["maThe"])
        if answers is None:
            return {"maKetQua": "050", "ghiChu": "Không có thông tin thẻ BHYT"}
        coverage = answers[COVERAGE_PATH]
        if fold_name(fields["hoTen"]) != fold_name(coverage["hoTen"] or ""):
            return {"maKetQua": "060"}
        if fields["ngaySinh"] != coverage["ngaySinh"]:
            return {"maKetQua": "070"}
        return answers[path]


@asynccontextmanager
async def open_double():
    """A gateway that listens on this machine until the block ends."""
    double = GatewayDouble()
    app = web.Application()
    app.router.add_post(TOKEN_PATH, double.take_token)
    app.router.add_post(COVERAGE_PATH, double.answer)
    app.router.add_post(HEALTH_PATH, double.answer)
    async with TestServer(app) as server:
        double.url = str(server.make_url("")).rstrip("/")
        try:
            yield double
        finally:
            double.release()


def says(content):
    """A fault that is an answer all the same."""

    async def fault(_):
        return json(content)

    return fault


def says_bytes(body, *, status=200, content_type="text/plain"):
    async def fault(_):
        return web.Response(body=body, status=status, content_type=content_type)

    return fault


async def resets(request):
    request.transport.abort()
    return web.Response()


async def breaks_off(request):
    """Promise more than is sent."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"maKetQua": "000"')
    request.transport.close()
    return response


async def floods(request):
    """Send more than anybody can need."""
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        for _ in range(64):
            await response.write(b" " * 1024 * 1024)
    except ConnectionError:
        pass
    return response


async def redirects(request):
    raise web.HTTPTemporaryRedirect(request.path)

"""The insurer's gateway, or whatever speaks its protocol, as a source of records.

It wants name and date of birth, and judges them itself. It knows of no changes: its
records have no version, and of health only visits.

Source: Phụ lục 03, công văn 1923/BHXH-CNTT of 20 June 2024; công văn 2746/BHXH-CNTT
for ``Lskcb2025``, which takes forms only, whatever its text says.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Literal

import msgspec

from adapters.vss_answers import (
    VISITS_FIELD,
    A,
    CardAnswer,
    Head,
    UnreadableError,
    VisitsAnswer,
    decode,
)
from adapters.vss_codes import (
    CARDS,
    FAULTS,
    TOKEN_REFUSED,
    WITHHELD,
    GatewayFaultError,
)
from adapters.vss_contract import Contract, Watch
from adapters.vss_http import Http, Reply, open_http
from adapters.vss_records import UnusableError, read_age, read_coverage, read_health
from adapters.vss_token import Account, Token, TokenDesk, Tokens
from lookup.citizen_id import Identifier
from lookup.deadline import Deadline
from lookup.errors import (
    DeadlineExceededError,
    InvalidRequestError,
    SourceUnavailableError,
)
from lookup.metrics import FetchResult
from lookup.names import fold_name
from lookup.record import BirthDate, Facet, Finding, Record, Withheld
from lookup.request import Claim

COVERAGE_PATH = "/api/egw/KQNhanLichSuKCB2024"
HEALTH_PATH = "/api/egw/Lskcb2025"

_WRONG_TOKEN = "token khong dung"  # noqa: S105 - words, folded like a name
_TEXT_MAX = 200
"""Characters looked at of a text that is no JSON."""


class GatewaySource:
    """A ``RecordSource`` over the gateway."""

    def __init__(
        self,
        http: Http,
        account: Account,
        *,
        timeout_s: float,
        watch: Watch,
    ) -> None:
        self._http = http
        self._account = account
        self._timeout_s = timeout_s
        self._clock = watch.clock
        self._metrics = watch.metrics
        self._events = watch.events
        self._contract = Contract(metrics=watch.metrics, events=watch.events)
        self._is_down = False
        desk = TokenDesk(http, account, timeout_s, watch.clock, self._contract)
        self._tokens = Tokens(desk.take, monotonic=watch.clock.monotonic)

    async def fetch(
        self,
        identifier: Identifier,
        facet: Facet,
        deadline: Deadline,
        *,
        claim: Claim | None = None,
    ) -> Finding:
        """Say what the gateway says, as ``RecordSource`` promises.

        Raises:
            InvalidRequestError: Name or date of birth is missing from the claim.
        """
        left_s = deadline.left_s()
        fields = self._fields(identifier, claim)
        started_s = self._clock.monotonic()
        result: FetchResult = "unavailable"
        try:
            async with asyncio.timeout(min(left_s, self._timeout_s)):
                finding = await self._ask(identifier, facet, fields)
            result = "found" if finding.record else "nobody"
        except TimeoutError:
            result = "late"
            if left_s < self._timeout_s:
                late = "the gateway said nothing in time"
                raise DeadlineExceededError(late) from None
            raise self._failed(GatewayFaultError("theirs", "late")) from None
        except GatewayFaultError as fault:
            raise self._failed(fault) from fault
        finally:
            self._metrics.source_asked(
                source="gateway",
                facet=facet,
                result=result,
                duration_s=self._clock.monotonic() - started_s,
            )
        self._recovered()
        return finding

    async def aclose(self) -> None:
        """Give up a token that is being taken."""
        await self._tokens.aclose()

    def _fields(self, identifier: Identifier, claim: Claim | None) -> dict[str, str]:
        """The fields of a question, in the order of the annex."""
        claim = claim or Claim(None, None)
        name, birth = claim.full_name, claim.birth_date
        if name is None or birth is None:
            raise InvalidRequestError(*claim.missing())
        return {
            "maThe": identifier.digits,
            "hoTen": name.upper(),
            "ngaySinh": _birth_date(birth),
            "hoTenCb": self._account.officer_name,
            "cccdCb": self._account.officer_citizen_id,
        }

    async def _ask(
        self, identifier: Identifier, facet: Facet, fields: dict[str, str]
    ) -> Finding:
        if identifier.kind == "legacy_id":
            return self._finding(None, withheld="050")  # it takes no such numbers
        body = await self._answer(facet, fields)
        head = self._decoded(body, Head, field="maKetQua")
        code = head.code
        if code in FAULTS:
            raise GatewayFaultError(FAULTS[code], code)
        if code in CARDS:
            try:
                record = self._record(code, body, facet=facet, asked=identifier)
                return self._finding(record, said_at=read_age(head.note))
            except UnusableError as unusable:
                if code not in WITHHELD:
                    raise self._breach("field_malformed", unusable.field) from None
        if code in WITHHELD:
            return self._finding(None, withheld=WITHHELD[code])
        raise self._breach("code_unknown", "maKetQua")

    async def _answer(self, facet: Facet, fields: dict[str, str]) -> bytes:
        """Ask with the token there is; if it is refused, once more with a new one."""
        for _ in range(2):
            token = await self._tokens.current()
            reply = await self._post(facet, fields, token)
            if not _refuses(reply):
                return reply.body
            self._tokens.reject(token)
        raise GatewayFaultError("ours", "token_refused")

    async def _post(self, facet: Facet, fields: dict[str, str], token: Token) -> Reply:
        is_coverage = facet is Facet.COVERAGE
        return await self._http.post(
            COVERAGE_PATH if is_coverage else HEALTH_PATH,
            fields,
            form="json" if is_coverage else "urlencoded",
            query={
                "token": token.access,
                "id_token": token.id,
                "username": self._account.username,
                "password": self._account.password_md5,
            },
        )

    def _record(
        self, code: str, body: bytes, *, facet: Facet, asked: Identifier
    ) -> Record:
        if facet is Facet.HEALTH:
            visits = self._decoded(body, VisitsAnswer, field=VISITS_FIELD)
            self._contract.answered({VISITS_FIELD: visits.visits})
            return read_health(visits, asked=asked)
        answer = self._decoded(body, CardAnswer, field="maThe")
        if code not in WITHHELD:
            self._contract.answered(answer.filled_as_a_rule())
        today = self._clock.today()
        return read_coverage(answer, CARDS[code], asked=asked, today=today)

    def _decoded(self, body: bytes, shape: type[A], *, field: str) -> A:
        try:
            return decode(body, shape)
        except msgspec.ValidationError:
            raise self._breach("field_malformed", field) from None
        except UnreadableError as error:
            raise GatewayFaultError("theirs", "no_json") from error

    def _breach(
        self, change: Literal["code_unknown", "field_malformed"], field: str
    ) -> GatewayFaultError:
        self._contract.breached(change, field)
        return GatewayFaultError("theirs", change)

    def _finding(
        self,
        record: Record | None,
        *,
        said_at: datetime | None = None,
        withheld: Withheld | None = None,
    ) -> Finding:
        """What was said just now, or at ``said_at``; then it is stale."""
        now = self._clock.now()
        return Finding(
            record=record,
            as_of=min(said_at.astimezone(UTC), now) if said_at else now,
            version=0,
            source="gateway",
            is_stale=said_at is not None,
            withheld=withheld,
        )

    def _failed(self, fault: GatewayFaultError) -> SourceUnavailableError:
        """Count and tell a fault; our own each time, theirs when it begins."""
        self._metrics.gateway_failed(fault.whose)
        if fault.whose == "ours":
            self._events.gateway_refused(fault.code)
        elif not self._is_down:
            self._events.source_unavailable("gateway", fault)
            self._is_down = True
        return SourceUnavailableError("the gateway gave no usable answer")

    def _recovered(self) -> None:
        if self._is_down:
            self._is_down = False
            self._events.source_recovered("gateway")


@asynccontextmanager
async def open_gateway(
    url: str, account: Account, *, timeout_s: float, watch: Watch
) -> AsyncIterator[GatewaySource]:
    """The gateway at ``url``, with connections and a token as long as the block.

    Args:
        url: Where it is, without ``/api/...``.
        account: With what to ask.
        timeout_s: Longest wait for one answer, a new token included.
        watch: By what it tells the time and what happens.
    """
    async with open_http(url) as http:
        gateway = GatewaySource(http, account, timeout_s=timeout_s, watch=watch)
        try:
            yield gateway
        finally:
            await gateway.aclose()


def _birth_date(birth: BirthDate) -> str:
    """As exactly as it is known: 28/02/1950, 02/1950 or 1950."""
    parts = [f"{part:02}" for part in (birth.day, birth.month) if part is not None]
    return "/".join([*parts, f"{birth.year:04}"])


def _refuses(reply: Reply) -> bool:
    """Whether the gateway wants another token; it has several ways to say so."""
    if reply.is_refusal:
        return True
    try:
        return decode(reply.body, Head).code in TOKEN_REFUSED
    except (UnreadableError, msgspec.ValidationError):
        text = reply.body[: 4 * _TEXT_MAX].decode(errors="replace")
        return _WRONG_TOKEN in fold_name(text[:_TEXT_MAX])

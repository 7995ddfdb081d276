"""SMART Backend Services: a client proves who it is and gets an access token.

Errors here are those of OAuth 2.0, in its own words. Before a signature is checked all
faults look alike, so that nobody learns which clients there are.

Source: RFC 6749, sections 4.4 and 5; RFC 7523; SMART App Launch 2.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import hdrs, web

from lookup.access_token import LIFE, AccessTokens, Grant
from lookup.assertion import Assertion, read_assertion
from lookup.errors import InvalidRequestError, MalformedError
from lookup.ports import AssertionLog, Client, ClientDirectory, Clock
from lookup.smart_scopes import SUPPORTED, grant
from lookup.web.forms import FORM, read_form
from lookup.web.lookups import BODY_TIMEOUT_S, read_body
from lookup.web.middleware import REQUEST_ID, Edge

TOKEN_PATH = "/oauth/token"  # noqa: S105 - an address

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

_PROBLEMS = {"invalid_client": "not_authenticated", "invalid_scope": "not_allowed"}
"""OAuth's word for a refusal as one of ours; anything else is a faulty request."""


class TokenRefusedError(Exception):
    """No token is given; carries OAuth's word for why, and a sentence."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Gives access tokens to clients that have registered a public key."""

    directory: ClientDirectory
    used: AssertionLog
    tokens: AccessTokens
    clock: Clock
    token_url: str
    """Its own address, which every assertion must name."""

    edge: Edge
    """Notes who was refused."""

    async def post(self, request: web.Request) -> web.Response:
        """Answer one request for a token."""
        try:
            body = await read_body(request, timeout_s=BODY_TIMEOUT_S, accepted=(FORM,))
            sent = _fields(body)
            client = await self._client(sent)
            answer, status = self._token(client, sent), 200
        except TokenRefusedError as refused:
            answer = {"error": refused.code, "error_description": str(refused)}
            status = 401 if refused.code == "invalid_client" else 400
            self.edge.note(
                _PROBLEMS.get(refused.code, "invalid_request"),
                request_id=request[REQUEST_ID],
                address=request.remote or "",
            )
        return web.Response(
            status=status,
            body=orjson.dumps(answer),
            content_type="application/json",
            headers={hdrs.CACHE_CONTROL: "no-store", hdrs.PRAGMA: "no-cache"},
        )

    async def _client(self, sent: Mapping[str, str]) -> Client:
        """Who has signed the assertion that was sent, and never before."""
        now = self.clock.now()
        assertion = _assertion(sent)
        client = self.directory.named(assertion.client_id, now)
        if client is None or not assertion.is_signed_by(client.public_keys):
            raise TokenRefusedError(
                "invalid_client", "the assertion is not signed by a client known here"
            )
        fault = assertion.fault(audience=self.token_url, now=now)
        if fault is not None:
            raise TokenRefusedError("invalid_client", fault)
        if not await self.used.use(
            assertion.client_id, assertion.jti, until=assertion.forget_after
        ):
            raise TokenRefusedError("invalid_client", "jti was used before")
        return client

    def _token(self, client: Client, sent: Mapping[str, str]) -> dict[str, Any]:
        granted = grant(sent.get("scope", ""), client.scopes)
        if not granted.texts:
            raise TokenRefusedError(
                "invalid_scope", "scope names nothing that this client may do"
            )
        token = self.tokens.issue(
            Grant(client.client_id, granted.scopes), now=self.clock.now()
        )
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": int(LIFE.total_seconds()),
            "scope": " ".join(granted.texts),
        }


def oauth_routes(endpoint: TokenEndpoint) -> list[web.RouteDef]:
    """Where tokens are given, and where clients learn of it."""
    body = orjson.dumps(smart_configuration(endpoint.token_url))

    async def get(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    return [
        web.post(TOKEN_PATH, endpoint.post),
        web.get("/.well-known/smart-configuration", get),
        web.get("/fhir/.well-known/smart-configuration", get),
    ]


def smart_configuration(token_url: str) -> dict[str, Any]:
    """What SMART clients read first."""
    return {
        "token_endpoint": token_url,
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "scopes_supported": list(SUPPORTED),
        "capabilities": [
            "client-confidential-asymmetric",
            "permission-v1",
            "permission-v2",
        ],
    }


def _fields(body: bytes) -> Mapping[str, str]:
    """The form's fields; each may be there once."""
    try:
        pairs = read_form(body)
    except InvalidRequestError:
        raise TokenRefusedError("invalid_request", "is no form in UTF-8") from None
    sent = dict(pairs)
    if len(sent) < len(pairs):
        raise TokenRefusedError("invalid_request", "a field is there twice")
    return sent


def _assertion(sent: Mapping[str, str]) -> Assertion:
    if sent.get("grant_type") != "client_credentials":
        raise TokenRefusedError(
            "unsupported_grant_type", "grant_type must be client_credentials"
        )
    if sent.get("client_assertion_type") != ASSERTION_TYPE:
        raise TokenRefusedError(
            "invalid_request", f"client_assertion_type must be {ASSERTION_TYPE}"
        )
    try:
        return read_assertion(sent.get("client_assertion", ""))
    except MalformedError as malformed:
        raise TokenRefusedError(
            "invalid_client", f"client_assertion {malformed}"
        ) from None

"""The route table: method, path, handler."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from lookup.web.batch import Batches
from lookup.web.fhir.handlers import Fhir
from lookup.web.fhir.routes import fhir_routes
from lookup.web.lookups import BODY_MAX_BYTES, Lookups
from lookup.web.middleware import LOOKUPS, Edge
from lookup.web.oauth import TokenEndpoint, oauth_routes
from lookup.web.openapi import openapi_response
from lookup.web.static import static_routes
from lookup.web.vss import Gateway
from lookup.web.vss_fields import CARD_FUNCTIONS, HISTORY

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

SHORT_WAY: web.AppKey[Handler] = web.AppKey("short_way")
"""Answers ``POST /v1/lookups`` as the route does, for who has read the address already:
to find a route is a quarter of what aiohttp itself spends on a request."""


def build_app(
    edge: Edge, lookups: Lookups, gateway: Gateway, *, fhir: Fhir, smart: TokenEndpoint
) -> web.Application:
    """The application that answers lookups; pure wiring."""
    card_functions = "|".join(CARD_FUNCTIONS)
    app = web.Application(
        middlewares=[edge.middleware()], client_max_size=BODY_MAX_BYTES
    )
    app.add_routes(
        [
            web.post(LOOKUPS, lookups.post),
            web.post("/v1/lookups/batch", Batches(lookups, edge).post),
            web.post("/api/token/take", gateway.take_token),
            web.post(f"/api/egw/{{function:{card_functions}}}", gateway.look_up_card),
            web.post(f"/api/egw/{{history:{HISTORY}}}", gateway.look_up_history),
            *fhir_routes(fhir, smart.token_url),
            *oauth_routes(smart),
            web.get("/openapi.json", openapi_response()),
            *static_routes(),
        ]
    )

    async def short_way(request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, web.Request)
        return await edge.around(request, lookups.post, LOOKUPS)

    app[SHORT_WAY] = short_way
    return app

"""The route table: method, path, handler."""

from aiohttp import web

from lookup.web.lookups import BODY_MAX_BYTES, Lookups
from lookup.web.middleware import Edge
from lookup.web.openapi import openapi_response
from lookup.web.static import static_routes


def build_app(edge: Edge, lookups: Lookups) -> web.Application:
    """The application that answers lookups; pure wiring."""
    app = web.Application(
        middlewares=[edge.middleware()], client_max_size=BODY_MAX_BYTES
    )
    app.add_routes(
        [
            web.post("/v1/lookups", lookups.post),
            web.get("/openapi.json", openapi_response()),
            *static_routes(),
        ]
    )
    return app

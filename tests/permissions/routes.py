"""Every route of the five services, read off the apps themselves."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from kernel.auth import Allow
from kernel.settings import Settings
from ktxh.system import compose

NOT_OURS = {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"}


def every_route() -> dict[tuple[str, str], Any]:
    """(service, method and path) → route."""
    return {(service, name): route for service, app in compose(Settings()).apps.items() for name, route in routes_of(app)}


def routes_of(app: FastAPI) -> Iterator[tuple[str, Any]]:
    """(method and path, route) of everything that the app serves, however deep it was included, documents of the API apart."""
    yield from _walk(app.routes, "")


def _walk(routes: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _walk(included.routes, prefix + route.include_context.prefix)
        elif isinstance(route, APIRoute):
            yield from ((f"{method} {prefix}{route.path}", route) for method in sorted(route.methods or ()))
        elif getattr(route, "routes", None):
            yield from _walk(route.routes, prefix + route.path)
        elif route.path not in NOT_OURS:
            yield f"{type(route).__name__} {prefix}{route.path}", route


def documented(app: FastAPI) -> Iterator[str]:
    for path, methods in app.openapi()["paths"].items():
        yield from (f"{method.upper()} {path}" for method in methods)


def permissions_of(dependant: Any) -> list[Allow]:
    own = [dependant.call] if isinstance(dependant.call, Allow) else []
    return own + [found for one in dependant.dependencies for found in permissions_of(one)]

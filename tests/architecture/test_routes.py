"""Every route says exactly once who may ever call it."""

from collections.abc import Iterator
from functools import cache
from typing import get_args

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from contracts.registry import LISTENERS
from contracts.vocabulary import Role
from kernel.auth import Allow
from kernel.runtime import Wiring
from kernel.service import utc_now
from kernel.settings import Settings
from ktxh.system import CREATE, System

OF_THE_FRAMEWORK = {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"}


@cache
def routes(service: str) -> tuple[RouteContext, ...]:
    """Every route of the service's app, with what its routers add to it."""
    system = System()
    return tuple(iter_route_contexts(CREATE[service](Settings(), Wiring(system.bus, system.peer), utc_now).routes))


def calls(service: str) -> list[RouteContext]:
    return [route for route in routes(service) if isinstance(route.original_route, APIRoute)]


def permissions(dependant: Dependant) -> Iterator[Allow]:
    if isinstance(dependant.call, Allow):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from permissions(inner)


@pytest.mark.parametrize("service", LISTENERS)
def test_every_route_has_exactly_one_permission(service: str) -> None:
    count = {f"{route.methods} {route.path}": len(list(permissions(route.dependant))) for route in calls(service)}
    assert len(count) > 8
    assert {name: permitted for name, permitted in count.items() if permitted != 1} == {}


@pytest.mark.parametrize("service", LISTENERS)
def test_a_permission_admits_somebody_and_is_not_for_everybody_by_mistake(service: str) -> None:
    for route in calls(service):
        for allow in permissions(route.dependant):
            assert allow.anyone or allow.any_user or allow.services or allow.subscribers or allow.roles
            assert not (allow.anyone and (allow.roles or allow.any_user)), f"{route.path} names roles, and is open to anyone"
            assert allow.roles <= set(get_args(Role)), f"{route.path} names a role that there isn't"


@pytest.mark.parametrize("service", LISTENERS)
def test_nothing_is_served_beside_the_calls_but_their_description(service: str) -> None:
    others = {route.path for route in routes(service) if not isinstance(route.original_route, APIRoute)}
    assert others <= OF_THE_FRAMEWORK

"""Roles, scopes and permissions: who has what, and a route that states none."""

from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI

from werknetz_core.access.keys import Principal
from werknetz_core.access.permissions import (
    MEANINGS,
    PERMISSIONS_OF_ROLES,
    PERMISSIONS_OF_SCOPES,
    KeyRole,
    KeyScope,
    Permission,
    permissions_of,
    rights_of,
)
from werknetz_core.access.require import (
    MayEnterStops,
    MayRead,
    PermissionNotStated,
    check_routes,
    no_key_needed,
    permission,
    permissions_by_route,
)
from werknetz_core.http.problem import Problem

P = Permission
ENTRIES = {P.STOPS_WRITE, P.QUANTITIES_WRITE, P.NOTES_WRITE}
PLANNING = {P.SUPPLY_WRITE, P.POLICIES_WRITE, P.TARGETS_WRITE, P.LINE_RATES_WRITE, P.AUDIT_READ}
ONLY_PLANNERS = {P.SUPPLY_WRITE, P.POLICIES_WRITE}
SIGNATURES = {P.REPORTS_SIGN}  # of people: no scope has it
ONLY_ADMINS = {P.KEYS_WRITE, P.USERS_WRITE}


def test_what_each_role_may() -> None:
    may = {role: set(PERMISSIONS_OF_ROLES[role]) for role in KeyRole}
    assert may[KeyRole.VIEWER] == {P.SELF, P.READ}
    assert may[KeyRole.OPERATOR] == {P.SELF, P.READ} | ENTRIES | SIGNATURES
    assert may[KeyRole.PLANNER] == {P.SELF, P.READ} | PLANNING
    assert may[KeyRole.ENGINEER] == set(Permission) - ONLY_PLANNERS - ONLY_ADMINS
    assert may[KeyRole.ADMIN] == set(Permission)


def test_each_permission_has_a_meaning_and_a_scope() -> None:
    assert set(MEANINGS) == set(Permission)
    assert set(PERMISSIONS_OF_SCOPES) == set(KeyScope)
    assert all(P.SELF in permissions for permissions in PERMISSIONS_OF_SCOPES.values())
    narrow = [
        PERMISSIONS_OF_SCOPES[scope] - {P.SELF} for scope in KeyScope if scope is not KeyScope.ADMIN
    ]
    assert set().union(*narrow) == set(Permission) - ONLY_ADMINS - SIGNATURES - {P.SELF}
    assert sum(map(len, narrow)) == len(Permission) - 4, "a permission is in two scopes"


def test_role_and_scopes_add_up_and_nothing_is_nothing() -> None:
    assert permissions_of(None, frozenset()) == set()
    both = permissions_of(KeyRole.VIEWER, frozenset({KeyScope.INGEST}))
    assert both == {P.SELF, P.READ, P.INGEST}
    # What an engineer's, planner's or operator's key could do before there were scopes.
    former = permissions_of(KeyRole.ENGINEER, frozenset({KeyScope.SUPPLY}))
    assert former == set(Permission) - ONLY_ADMINS
    assert rights_of(None, []) == (KeyRole.VIEWER, [])
    assert rights_of(None, [KeyScope.INGEST, KeyScope.READ, KeyScope.READ]) == (
        None, [KeyScope.READ, KeyScope.INGEST],
    )  # fmt: skip


@pytest.mark.asyncio
async def test_a_refusal_names_the_permission_and_who_has_it() -> None:
    principal = Principal("tablet", KeyRole.VIEWER, None, scopes=frozenset({KeyScope.INGEST}))
    with pytest.raises(Problem) as caught:
        await permission(P.STOPS_WRITE)(principal)
    problem = caught.value
    assert (problem.status, problem.code) == (403, "permission_missing")
    assert "stops:write" in problem.detail
    assert "'tablet' (role viewer, scope ingest)" in problem.detail
    assert "roles operator, engineer, admin; scopes reasons, admin" in problem.hint
    assert await permission(P.INGEST)(principal) is principal


async def read(principal: MayRead) -> None: ...
async def both(reader: MayRead, writer: MayEnterStops) -> None: ...
async def none() -> None: ...
async def by_hand(_: Annotated[None, Depends(none)]) -> None: ...


def app_with(endpoint: object, **options: object) -> FastAPI:
    app, router = FastAPI(docs_url=None, redoc_url=None), APIRouter()
    router.add_api_route("/x", endpoint, methods=["GET"], **options)  # type: ignore[arg-type] # any endpoint
    app.include_router(router)
    return app


@pytest.mark.parametrize("endpoint", [none, both, by_hand])
def test_a_route_that_does_not_state_one_permission_stops_the_app(endpoint: object) -> None:
    with pytest.raises(PermissionNotStated, match="/x"):
        check_routes(app_with(endpoint))


def test_a_route_states_a_permission_or_that_it_is_public() -> None:
    check_routes(app_with(read))
    check_routes(app_with(none, dependencies=[Depends(no_key_needed)]))
    with pytest.raises(PermissionNotStated):
        check_routes(app_with(read, dependencies=[Depends(no_key_needed)]))
    routes = list(permissions_by_route(app_with(read)))
    assert ("GET", "/x", P.READ) in routes
    app = app_with(read)
    app.add_route("/plain", none)  # one of Starlette, without dependencies
    with pytest.raises(PermissionNotStated, match="/plain"):
        check_routes(app)
    app = app_with(read)
    app.mount("/files", FastAPI())
    with pytest.raises(PermissionNotStated, match="/files"):
        check_routes(app)

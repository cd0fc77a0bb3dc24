"""The permission of each route, stated as the type of its `principal`.

    async def enter_stop(body: NewStop, principal: MayEnterStops) -> Response: ...

`permission_of` reads it back; an app with a route that states none does not start.
"""

from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from typing import Annotated, Final

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts

from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal, require_key
from werknetz_core.access.permissions import Permission, holders_of
from werknetz_core.http.problem import Problem

_PERMISSION: Final = "werknetz_permission"
_WITHOUT_DEPENDENCIES: Final = frozenset({"/openapi.json"})  # FastAPI's own route; needs no key


class PermissionNotStated(Exception):
    """A route states no permission, or several."""


@cache
def permission(needed: Permission) -> Callable[..., Awaitable[Principal]]:
    """Return the dependency that requires a key with this permission; the same for each call."""

    async def authorize(principal: Annotated[Principal, Depends(require_key)]) -> Principal:
        if not principal.may(needed):
            raise permission_missing(principal, needed)
        return principal

    setattr(authorize, _PERMISSION, needed)
    return authorize


def permission_missing(principal: Principal, needed: Permission) -> Problem:
    return Problem(
        403,
        "permission_missing",
        Sentence(
            "access.permission_missing",
            needed=needed,
            label=principal.label,
            rights=principal.rights,
        ),
        Sentence("access.users_with_permission", holders=holders_of(needed))
        if principal.is_person
        else Sentence("access.keys_with_permission", holders=holders_of(needed)),
    )


async def no_key_needed(_: Request) -> None:
    """State that a route is public."""


setattr(no_key_needed, _PERMISSION, None)


def check_routes(app: FastAPI) -> None:
    """Raise PermissionNotStated unless each route states one permission, or that it is public."""
    for _ in permissions_by_route(app):
        pass


def permissions_by_route(app: FastAPI) -> Iterator[tuple[str, str, Permission | None]]:
    """Return method, path and permission of each route; None: it needs no key."""
    for route in iter_route_contexts(app.routes):
        stated = _permission_of(route)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            yield method, route.path or "", stated


def stated_permissions(dependant: Dependant) -> set[Permission | None]:
    """Return what a route states: one permission, or None where it needs no key."""
    return set(_permissions_in(dependant))


def _permission_of(route: RouteContext) -> Permission | None:
    dependant = getattr(route, "dependant", None)
    if dependant is None and route.path in _WITHOUT_DEPENDENCIES:
        return None
    stated = stated_permissions(dependant) if isinstance(dependant, Dependant) else set()
    if len(stated) != 1:
        raise PermissionNotStated(
            f"{sorted(route.methods or ())} {route.path} states the permissions "
            f"{sorted(map(str, stated)) or 'none'}: give its principal exactly one type of "
            "werknetz_core.access.require, or the route the dependency no_key_needed"
        )
    return stated.pop()


def _permissions_in(dependant: Dependant) -> Iterator[Permission | None]:
    if hasattr(dependant.call, _PERMISSION):
        yield getattr(dependant.call, _PERMISSION)
    for dependency in dependant.dependencies:
        yield from _permissions_in(dependency)


SignedInAs = Annotated[Principal, Depends(permission(Permission.SELF))]
MayRead = Annotated[Principal, Depends(permission(Permission.READ))]
MayReadRaw = Annotated[Principal, Depends(permission(Permission.RAW_READ))]
MayReadAudit = Annotated[Principal, Depends(permission(Permission.AUDIT_READ))]
MayIngest = Annotated[Principal, Depends(permission(Permission.INGEST))]
MayEnterStops = Annotated[Principal, Depends(permission(Permission.STOPS_WRITE))]
MayEnterQuantities = Annotated[Principal, Depends(permission(Permission.QUANTITIES_WRITE))]
MayWriteNotes = Annotated[Principal, Depends(permission(Permission.NOTES_WRITE))]
MaySignReports = Annotated[Principal, Depends(permission(Permission.REPORTS_SIGN))]
MayChangeSupply = Annotated[Principal, Depends(permission(Permission.SUPPLY_WRITE))]
MayChangePolicies = Annotated[Principal, Depends(permission(Permission.POLICIES_WRITE))]
MaySetTargets = Annotated[Principal, Depends(permission(Permission.TARGETS_WRITE))]
MayChangeLineRates = Annotated[Principal, Depends(permission(Permission.LINE_RATES_WRITE))]
MayChangeMappings = Annotated[Principal, Depends(permission(Permission.MAPPINGS_WRITE))]
MayDecideQuarantine = Annotated[Principal, Depends(permission(Permission.QUARANTINE_WRITE))]
MayExploreSources = Annotated[Principal, Depends(permission(Permission.CONNECTORS_WRITE))]
MayChangeCalendars = Annotated[Principal, Depends(permission(Permission.CALENDARS_WRITE))]
MayChangeReasons = Annotated[Principal, Depends(permission(Permission.REASONS_WRITE))]
MayChangeThresholds = Annotated[Principal, Depends(permission(Permission.THRESHOLDS_WRITE))]
MayChangeEquipment = Annotated[Principal, Depends(permission(Permission.EQUIPMENT_WRITE))]
MayDefineKpis = Annotated[Principal, Depends(permission(Permission.KPIS_WRITE))]
MayManageKeys = Annotated[Principal, Depends(permission(Permission.KEYS_WRITE))]
MayManageUsers = Annotated[Principal, Depends(permission(Permission.USERS_WRITE))]

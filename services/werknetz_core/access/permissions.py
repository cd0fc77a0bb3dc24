"""What keys may do: permissions, and the one table each of roles and of scopes that have them.

A person's key has a role, a program's key has scopes. What neither names is denied.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import Final


class Permission(StrEnum):
    """What a route requires; each route states exactly one."""

    SELF = "self"
    READ = "read"
    RAW_READ = "raw:read"
    AUDIT_READ = "audit:read"
    INGEST = "events:write"
    STOPS_WRITE = "stops:write"
    QUANTITIES_WRITE = "quantities:write"
    NOTES_WRITE = "notes:write"
    REPORTS_SIGN = "reports:sign"
    SUPPLY_WRITE = "supply:write"
    POLICIES_WRITE = "policies:write"
    TARGETS_WRITE = "targets:write"
    LINE_RATES_WRITE = "line_rates:write"
    MAPPINGS_WRITE = "mappings:write"
    QUARANTINE_WRITE = "quarantine:write"
    CONNECTORS_WRITE = "connectors:write"
    CALENDARS_WRITE = "calendars:write"
    REASONS_WRITE = "reasons:write"
    THRESHOLDS_WRITE = "thresholds:write"
    EQUIPMENT_WRITE = "equipment:write"
    KPIS_WRITE = "kpis:write"
    KEYS_WRITE = "keys:write"
    USERS_WRITE = "users:write"


P = Permission
MEANINGS: Final[Mapping[Permission, str]] = {
    P.SELF: "see who one is, change the own password, end own sessions",
    P.READ: "read what belongs to the plants of the key",
    P.RAW_READ: "read events, whole raw messages and mapping documents",
    P.AUDIT_READ: "read all of the audit log, also what concerns no equipment, and its chain",
    P.INGEST: "send events through the API",
    P.STOPS_WRITE: "enter, classify, split, merge and undo stops",
    P.QUANTITIES_WRITE: "enter and correct quantities",
    P.NOTES_WRITE: "write and delete annotations",
    P.REPORTS_SIGN: "sign shift reports and withdraw own signatures; of people alone",
    P.SUPPLY_WRITE: "change materials, suppliers, sites, warehouses and the materials of lines, "
    "acknowledge shortage warnings",
    P.POLICIES_WRITE: "change supply policies",
    P.TARGETS_WRITE: "set and withdraw targets",
    P.LINE_RATES_WRITE: "change what an hour of a line costs",
    P.MAPPINGS_WRITE: "load, compare, preview and activate mappings, start replays",
    P.QUARANTINE_WRITE: "assign, discard and replay quarantined messages",
    P.CONNECTORS_WRITE: "explore sources through an edge, trust their certificates",
    P.CALENDARS_WRITE: "change shift calendars",
    P.REASONS_WRITE: "change reasons and the codes that stand for them",
    P.THRESHOLDS_WRITE: "change thresholds of stops and start-ups",
    P.EQUIPMENT_WRITE: "change equipment, signals, capacities and energy carriers",
    P.KPIS_WRITE: "define, test and retire own KPIs",
    P.KEYS_WRITE: "list, create, rotate and revoke API keys",
    P.USERS_WRITE: "list, create, change and delete users, end their sessions",
}


class KeyRole(StrEnum):
    """What a person does, in the order in which they are listed; it is no order of rank."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    PLANNER = "planner"
    ENGINEER = "engineer"
    ADMIN = "admin"


class KeyScope(StrEnum):
    """A part of the API that a program needs."""

    READ = "read"
    INGEST = "ingest"
    REASONS = "reasons"
    SUPPLY = "supply"
    MAPPING = "mapping"
    CONFIGURATION = "configuration"
    ADMIN = "admin"


_EVERYONE: Final = frozenset({P.SELF})
_VIEWER: Final = _EVERYONE | {P.READ}
_ENTRIES: Final = frozenset({P.STOPS_WRITE, P.QUANTITIES_WRITE, P.NOTES_WRITE})
_SIGNATURES: Final = frozenset({P.REPORTS_SIGN})
_SUPPLY: Final = frozenset({P.SUPPLY_WRITE, P.POLICIES_WRITE})
_AIMS: Final = frozenset({P.TARGETS_WRITE, P.LINE_RATES_WRITE})
_MAPPING: Final = frozenset({P.RAW_READ, P.MAPPINGS_WRITE, P.QUARANTINE_WRITE})
_PLANT: Final = frozenset(
    {
        P.CONNECTORS_WRITE,
        P.CALENDARS_WRITE,
        P.REASONS_WRITE,
        P.THRESHOLDS_WRITE,
        P.EQUIPMENT_WRITE,
        P.KPIS_WRITE,
    }
)
_ALL: Final = frozenset(Permission)

PERMISSIONS_OF_ROLES: Final[Mapping[KeyRole, frozenset[Permission]]] = {
    KeyRole.VIEWER: _VIEWER,
    KeyRole.OPERATOR: _VIEWER | _ENTRIES | _SIGNATURES,
    KeyRole.PLANNER: _VIEWER | _SUPPLY | _AIMS | {P.AUDIT_READ},
    KeyRole.ENGINEER: (
        _VIEWER | _ENTRIES | _SIGNATURES | _AIMS | _MAPPING | _PLANT | {P.INGEST, P.AUDIT_READ}
    ),
    KeyRole.ADMIN: _ALL,
}
# Whoever may create keys can create one that may do everything: the scope says so.
PERMISSIONS_OF_SCOPES: Final[Mapping[KeyScope, frozenset[Permission]]] = {
    KeyScope.READ: _VIEWER,
    KeyScope.INGEST: _EVERYONE | {P.INGEST},
    KeyScope.REASONS: _EVERYONE | _ENTRIES,
    KeyScope.SUPPLY: _EVERYONE | _SUPPLY,
    KeyScope.MAPPING: _EVERYONE | _MAPPING,
    KeyScope.CONFIGURATION: _EVERYONE | _PLANT | _AIMS | {P.AUDIT_READ},
    KeyScope.ADMIN: _ALL - _SIGNATURES,
}


@cache
def permissions_of(role: KeyRole | None, scopes: frozenset[KeyScope]) -> frozenset[Permission]:
    """Return what a key with this role and these scopes may do."""
    of_role = frozenset[Permission]() if role is None else PERMISSIONS_OF_ROLES[role]
    return of_role.union(*(PERMISSIONS_OF_SCOPES[scope] for scope in scopes))


def rights_of(
    role: KeyRole | None, scopes: Sequence[KeyScope]
) -> tuple[KeyRole | None, list[KeyScope]]:
    """Return role and scopes as they are stored; of a key with neither, the role viewer."""
    in_order = [scope for scope in KeyScope if scope in scopes]
    return (KeyRole.VIEWER if role is None and not in_order else role), in_order


def holders_of(permission: Permission) -> str:
    """Return the roles and scopes with the permission, as an error says them."""
    roles = _names(role for role, granted in PERMISSIONS_OF_ROLES.items() if permission in granted)
    scopes = _names(
        scope for scope, granted in PERMISSIONS_OF_SCOPES.items() if permission in granted
    )
    return f"roles {roles}; scopes {scopes}"


def _names(values: Iterable[StrEnum]) -> str:
    return ", ".join(values)

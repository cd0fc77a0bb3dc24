"""Keys, people, sessions and the audit log.

Made from the OpenAPI document of the API: see tests/contract/test_client_models.py.
"""

from typing import Any, TypedDict


class AuditItem(TypedDict):
    id: int
    at: str
    by: str
    action: str
    subject: str
    subject_id: str
    equipment: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None
    address: str | None
    client: str | None
    trace_id: str | None


class AuditLinkItem(TypedDict):
    seq: int
    previous: str
    hash: str
    entry_id: int
    entry: str | None


class ApiKeyItem(TypedDict):
    prefix: str
    name: str
    role: str | None
    scopes: list[str]
    plants: list[str] | None
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None
    rotated_at: str | None
    former_valid_until: str | None


class OpenSessionItem(TypedDict):
    id: int
    user: str | None
    key: str | None
    kind: str
    method: str
    created_at: str
    last_used_at: str
    ends_at: str
    address: str | None
    client: str | None
    is_current: bool


class UserItem(TypedDict):
    name: str
    display_name: str | None
    email: str | None
    role: str
    plants: list[str] | None
    issuer: str | None
    has_password: bool
    has_totp: bool
    created_at: str
    disabled_at: str | None
    last_signed_in_at: str | None
    password_changed_at: str | None
    password_valid_until: str | None

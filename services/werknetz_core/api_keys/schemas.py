"""API keys as the API shows them."""

from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from werknetz_core.access.permissions import KeyRole, KeyScope
from werknetz_core.access.principal import check_key_name
from werknetz_core.http.guard.json_types import Whole
from werknetz_core.idempotency.secrets import ShownOnce

OVERLAP_MAX: Final = timedelta(days=90)
"""The longest time for which the former secret of a rotated key may be valid."""


class NewApiKey(BaseModel):
    """A person's key has a role, a program's key scopes; neither: the role viewer."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(check_key_name)]
    role: KeyRole | None = None
    scopes: Annotated[list[KeyScope], Field(max_length=len(KeyScope))] = []
    plants: list[str] | None = None  # null: all plants
    expires_days: Annotated[Whole | None, Field(ge=1, le=3650)] = 365


class KeyRotation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    # How long the former secret stays valid; 0: it stops working within seconds.
    overlap_hours: Annotated[Whole, Field(ge=0, le=OVERLAP_MAX // timedelta(hours=1))] = 168
    expires_days: Annotated[Whole | None, Field(ge=1, le=3650)] = None  # null: as before


class ApiKeyView(BaseModel):
    prefix: str
    name: str
    role: str | None  # null: a program's key
    scopes: list[str]
    plants: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None  # to the minute
    rotated_at: datetime | None
    former_valid_until: datetime | None  # the secret before the rotation


class CreatedApiKeyView(ApiKeyView):
    # Only in the response of the creation or rotation; null where that request is repeated.
    key: Annotated[str | None, ShownOnce()]

"""Users as the API shows them."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from werknetz_core.access.permissions import KeyRole
from werknetz_core.accounts.names import UserName
from werknetz_core.http.guard.json_types import Flag
from werknetz_core.idempotency.secrets import ShownOnce

_Text = Annotated[str, Field(min_length=1, max_length=200)]
Plants = Annotated[list[str], Field(max_length=1000)]


class NewUser(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: UserName  # signs in with it; large and small letters are the same
    display_name: _Text | None = None
    email: _Text | None = None
    role: KeyRole = KeyRole.VIEWER
    plants: Plants | None = None  # null: all plants


class UserChange(BaseModel):
    """What is left out stays; another role, other plants or `disabled` end the sessions."""

    model_config = ConfigDict(extra="forbid")

    display_name: _Text | None = None
    email: _Text | None = None
    role: KeyRole = KeyRole.VIEWER
    plants: Plants | None = None
    disabled: Flag = False


class UserView(BaseModel):
    name: str
    display_name: str | None
    email: str | None
    role: str
    plants: list[str] | None
    issuer: str | None  # of the OpenID provider at which the person signs in
    has_password: bool
    has_totp: bool
    created_at: datetime
    disabled_at: datetime | None
    last_signed_in_at: datetime | None
    password_changed_at: datetime | None
    password_valid_until: datetime | None  # not null: made by an admin, not yet replaced


class UserWithPasswordView(UserView):
    """`password` works until `password_valid_until`; the first sign-in replaces it."""

    # Only in this response; null where the request is repeated.
    password: Annotated[str | None, ShownOnce()]

"""Sessions as the API shows them, and what a browser sends to open one."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from werknetz_core.sessions.kinds import SessionKind

PASSWORD_CHARACTERS_MAX = 1024  # more than any password that is accepted


class SignIn(BaseModel):
    """Either `key`, or `user` and `password`; `totp` where the account has a second factor."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    key: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    user: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    password: Annotated[str | None, Field(min_length=1, max_length=PASSWORD_CHARACTERS_MAX)] = None
    totp: Annotated[str | None, Field(min_length=6, max_length=40)] = None
    # Replaces a password that an admin made.
    new_password: Annotated[str | None, Field(min_length=1, max_length=PASSWORD_CHARACTERS_MAX)] = (
        None
    )
    kind: SessionKind = SessionKind.BROWSER

    @model_validator(mode="after")
    def _check_credentials(self) -> Self:
        of_person = (self.user, self.password, self.totp, self.new_password)
        if self.key is not None:
            is_complete = of_person == (None, None, None, None)
        else:
            is_complete = self.user is not None and self.password is not None
        if not is_complete:
            raise PydanticCustomError("credentials", "Send either `key`, or `user` and `password`")
        return self


class SessionView(BaseModel):
    """Who the session or key of the request belongs to."""

    name: str
    role: str | None  # null: a program's key, which has scopes
    scopes: list[str]
    plants: list[str] | None  # null: all plants
    kind: str | None  # browser or kiosk; null: a key in a header
    signed_in_by: str  # key, password or oidc
    expires_at: datetime | None  # moves with the use of a session


class OpenSessionView(BaseModel):
    id: int
    user: str | None  # null: a session of a key
    key: str | None  # its prefix
    kind: str
    method: str
    created_at: datetime
    last_used_at: datetime  # to the minute
    ends_at: datetime
    address: str | None
    client: str | None  # what the browser calls itself
    is_current: bool  # the session of this request

"""The own account as the API shows it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from werknetz_core.idempotency.secrets import ShownOnce
from werknetz_core.sessions.schemas import PASSWORD_CHARACTERS_MAX, SessionView

Password = Annotated[str, Field(min_length=1, max_length=PASSWORD_CHARACTERS_MAX)]


class MeView(SessionView):
    is_person: bool  # false: a key
    permissions: list[str]  # what routes require, such as "stops:write"
    display_name: str | None
    email: str | None
    has_password: bool  # false: a key, or a person who signs in at a provider
    has_totp: bool  # a second factor is required to sign in
    recovery_codes_left: int


class PasswordChange(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    password: Password
    new_password: Password


class PasswordConfirmation(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    password: Password


class TotpConfirmation(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    code: Annotated[str, Field(pattern=r"^[0-9]{3} ?[0-9]{3}$")]


class TotpRemoval(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    password: Password
    code: Annotated[str, Field(min_length=6, max_length=40)]


class TotpView(BaseModel):
    """The secret of an app; it counts after `:confirm`."""

    secret: Annotated[str, ShownOnce()]
    uri: Annotated[str, ShownOnce()]  # for a QR code


class RecoveryCodesView(BaseModel):
    """Each replaces a code of the app once. Only this response contains them."""

    recovery_codes: Annotated[list[str], ShownOnce()]

"""The second factor of an account: a code of an app, or a recovery code in its place."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from werknetz.runtime.log import get_logger
from werknetz.store.accounts.sign_ins import USE_RECOVERY_CODE, USE_TOTP_STEP
from werknetz.store.session import WriteSession
from werknetz.texts.sentence import Sentence
from werknetz_core.access.principal import principal_of_user
from werknetz_core.accounts.recovery_codes import hash_of_code
from werknetz_core.accounts.secret_box import SecretBox, SecretBoxKeyInvalid
from werknetz_core.accounts.totp import is_code, matching_step
from werknetz_core.audit.record import record_change
from werknetz_core.http.problem import Problem

NO_TOTP: Final[Mapping[str, Any]] = {
    "totp_secret": None, "totp_confirmed_at": None, "totp_last_step": None, "recovery_hashes": [],
}  # fmt: skip
"""The columns of an account without a second factor."""
_log: Final = get_logger("core.accounts")


class SecondFactor:
    def __init__(self, box: SecretBox | None) -> None:
        """`box` None: WERKNETZ_TOTP_KEY is not set."""
        self._box = box

    def seal(self, secret: bytes, user_id: int) -> bytes:
        """Encrypt a secret to be stored; raise 409 without a key."""
        return self._opened_box().seal(secret, user_id)

    async def accept(
        self, session: WriteSession, row: sa.RowMapping, code: str | None, now_us: int
    ) -> bool:
        """Use up the code; return whether it is right, True where none is required.

        Raises 401 where one is required and none was sent.
        """
        if row["totp_confirmed_at"] is None:
            return True
        if code is None:
            raise Problem(
                401,
                "totp_required",
                Sentence("accounts.second_factor_required"),
                Sentence("accounts.send_totp"),
            )
        return await self.use_code(session, row, code, now_us)

    async def use_code(
        self, session: WriteSession, row: sa.RowMapping, code: str, now_us: int
    ) -> bool:
        """Use up a code of the app or a recovery code; return whether it was right."""
        digits = code.replace(" ", "")
        if is_code(digits):
            return await self.use_totp(session, row, digits, now_us)
        hashed = hash_of_code(code)
        return hashed is not None and await self._use_recovery_code(session, row, hashed)

    async def use_totp(
        self, session: WriteSession, row: sa.RowMapping, digits: str, now_us: int
    ) -> bool:
        if row["totp_secret"] is None:
            return False
        try:
            secret = self._opened_box().open(row["totp_secret"], row["id"])
        except SecretBoxKeyInvalid as error:
            _log.error("WERKNETZ_TOTP_KEY was changed", user=row["name"])
            raise _key_changed() from error
        step = matching_step(secret, digits, now_us, row["totp_last_step"])
        if step is None:
            return False
        parameters = {"user_id": row["id"], "step": step}
        return (await session.execute(USE_TOTP_STEP, parameters)).first() is not None

    async def _use_recovery_code(
        self, session: WriteSession, row: sa.RowMapping, hashed: bytes
    ) -> bool:
        parameters = {"user_id": row["id"], "hash": hashed}
        left = (await session.execute(USE_RECOVERY_CODE, parameters)).first()
        if left is None:
            return False
        principal = principal_of_user(row["id"], row["name"], row["role"], row["plants"])
        await record_change(
            session, principal, "used", ("recovery_code", row["name"]), after={"left": left[0]}
        )
        return True

    def _opened_box(self) -> SecretBox:
        if self._box is None:
            raise Problem(
                409,
                "totp_not_configured",
                Sentence("accounts.totp_not_configured"),
                Sentence("accounts.set_totp_key"),
            )
        return self._box


def _key_changed() -> Problem:
    return Problem(
        409,
        "totp_key_changed",
        Sentence("accounts.totp_key_changed"),
        Sentence("accounts.use_recovery_code"),
    )

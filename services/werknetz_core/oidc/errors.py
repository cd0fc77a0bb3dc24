"""Why nobody is signed in: each reason has a remedy, and an HTTP status."""

from typing import Final

from werknetz.texts.sentence import Sentence

BAD_REQUEST: Final = 400
FORBIDDEN: Final = 403
TOO_MANY: Final = 429
BAD_GATEWAY: Final = 502
UNAVAILABLE: Final = 503


class SignInRefused(Exception):
    """The sign-in fails; `str()` says why, `remedy` what to do next.

    `cause` is for the log and the audit log only: it may describe how the server is set up.
    `wait_s`: after how many seconds to try again.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        remedy: str,
        *,
        cause: str | None = None,
        wait_s: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.remedy = remedy
        self.cause = cause
        self.wait_s = wait_s


class ProviderUnavailable(Exception):
    """The provider does not answer, or not as a provider does."""


class TokenInvalid(Exception):
    """A token does not pass a check; the text names the check, not the content of the token."""


def provider_unavailable(title: str, error: ProviderUnavailable) -> SignInRefused:
    return SignInRefused(
        UNAVAILABLE,
        "identity_provider_unavailable",
        Sentence("oidc.provider_unavailable", title=title),
        Sentence("oidc.try_in_a_minute"),
        cause=str(error),
        wait_s=30,
    )


def token_refused(error: TokenInvalid) -> SignInRefused:
    return SignInRefused(
        BAD_GATEWAY,
        "identity_token_invalid",
        Sentence("oidc.token_invalid"),
        Sentence("oidc.sign_in_again_or_log"),
        cause=str(error),
    )

"""The cookie of a session. No page can read it, and no other site can make a browser send it."""

import re
from typing import Final

from fastapi import Request, Response

from werknetz_core.sessions.kinds import LENGTH_MAX, SessionKind

NAME: Final = "wn_session"
SECURE_NAME: Final = "__Host-wn_session"
"""With TLS: browsers accept this name only with Secure, Path=/ and for one host."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def cookie_name_of(request: Request) -> str:
    return SECURE_NAME if request.url.scheme == "https" else NAME


def token_from_request(request: Request) -> str | None:
    """Return what the cookie of the session contains; None: there is none."""
    return request.cookies.get(cookie_name_of(request)) if "cookie" in request.headers else None


def is_token(text: str) -> bool:
    """Return whether the text has the form of a token; others need no query."""
    return _TOKEN.fullmatch(text) is not None


def set_session_cookie(
    request: Request, response: Response, token: str, kind: SessionKind = SessionKind.BROWSER
) -> None:
    """Set the cookie. That of a kiosk survives a restart of the browser; the core ends both."""
    max_age = int(LENGTH_MAX[kind].total_seconds()) if kind is SessionKind.KIOSK else None
    name = cookie_name_of(request)
    response.set_cookie(
        name, token, max_age=max_age, path="/", secure=name == SECURE_NAME, httponly=True,
        samesite="strict",
    )  # fmt: skip


def cleared_cookie(request: Request) -> dict[str, str]:
    """Return the header that makes a browser forget the cookie."""
    response = Response()
    clear_session_cookie(request, response)
    return {"Set-Cookie": response.headers["set-cookie"]}


def clear_session_cookie(request: Request, response: Response) -> None:
    name = cookie_name_of(request)
    response.delete_cookie(
        name, path="/", secure=name == SECURE_NAME, httponly=True, samesite="strict"
    )

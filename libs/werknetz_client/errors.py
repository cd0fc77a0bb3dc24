"""Exceptions of the client.

WerknetzError
├── Unreachable   the server does not answer, after several attempts
└── ApiError      the server refuses: status, detail and hint of RFC 9457
"""

from collections.abc import Mapping
from typing import Any


class WerknetzError(Exception):
    """`str()` is the sentence; `hint` is what to do next."""

    def __init__(self, detail: str, hint: str = "") -> None:
        super().__init__(detail)
        self.hint = hint


class Unreachable(WerknetzError):
    pass


class ApiError(WerknetzError):
    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(
            str(problem.get("detail") or f"The server answers {status}."),
            str(problem.get("hint") or "`werknetz doctor` checks address, key and servers."),
        )
        self.status = status
        self.problem = dict(problem)

    @property
    def further(self) -> list[str]:
        """What else is wrong with the request: the errors after that of the sentence."""
        errors = self.problem.get("errors")
        items = errors[1:] if isinstance(errors, list) else []
        return [f"{e.get('pointer')}: {e.get('detail')}" for e in items if isinstance(e, dict)]

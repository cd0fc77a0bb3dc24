"""The Idempotency-Key of a request, and the fingerprint of what it asks for.

Semantics of the IETF draft "The Idempotency-Key HTTP Header Field": a key is a quoted string of
structured fields (RFC 9651). A bare value, which most clients send, means the same.
"""

import hashlib
import hmac
import json
import re
from typing import Final

from fastapi import Request

from werknetz.texts.sentence import Sentence
from werknetz_core.http.problem import Problem

HEADER: Final = "Idempotency-Key"
CHARACTERS_MAX: Final = 255
PATTERN: Final = r"^[\x20-\x7e]+$"
_PRINTABLE: Final = re.compile(rf"[\x20-\x7e]{{1,{CHARACTERS_MAX}}}")
_QUOTED: Final = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_HINT: Final = Sentence("requests.send_one_key", characters_max=CHARACTERS_MAX)


def key_of(request: Request) -> str | None:
    """Return the key without quotes; None: there is none. Raise 422 for what is no key."""
    values = request.headers.getlist(HEADER)
    if not values:
        return None
    if len(values) > 1:
        raise _invalid(Sentence("requests.several_keys", number=len(values), header=HEADER))
    text = values[0].strip()
    if text.startswith('"'):
        quoted = _QUOTED.fullmatch(text)
        text = "" if quoted is None else re.sub(r"\\(.)", r"\1", quoted[1])
    if not _PRINTABLE.fullmatch(text):
        raise _invalid(Sentence("requests.no_key", header=HEADER))
    return text


async def fingerprint_of(request: Request, key: str) -> bytes:
    """Return a hash of method, path, query, precondition and body.

    It depends on the key, which is not stored: nobody can guess a short body from it. A JSON body
    counts by its content: spaces and the order of its names make no difference.
    """
    scope = request.scope
    parts = [
        scope["method"].encode(),
        scope["path"].encode(),
        b"&".join(sorted(scope.get("query_string", b"").split(b"&"))),
        request.headers.get("if-match", "").encode(),
        _content_of(await request.body()),
    ]
    message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hmac.digest(key.encode(), message, hashlib.sha256)


def hash_of(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _content_of(body: bytes) -> bytes:
    try:
        document = json.loads(body)
    except ValueError:
        return body
    return json.dumps(document, sort_keys=True).encode()


def _invalid(detail: str) -> Problem:
    errors = [{"pointer": f"/header/{HEADER}", "code": "invalid", "detail": detail}]
    return Problem(422, "invalid_parameter", detail, _HINT, errors=errors)

"""Requests to explore a source through its edge: the core never opens a connection into a plant.

The API appends a request to a stream of the connector and stores that it waits; the edge reads it,
asks the source, and overwrites what waits with the result. Both expire. Secrets travel in neither:
a request names a user whose password the edge has.

How old a request is, Redis alone measures, by a mark that expires: the clocks of an edge and of the
core are never compared.
"""

from typing import Any, Final

import msgspec

from werknetz.link.report import Fault
from werknetz.link.wire import UnreadableMessage

REQUEST_FIELD: Final = b"r"
REQUESTS_MAX: Final = 16  # of one connector that wait
REQUEST_S: Final = 60  # after it a request is not carried out any more
RUNNING_S: Final = 60  # after it nobody answers any more
RESULT_S: Final = 600
RESULT_BYTES_MAX: Final = 512_000


class ExplorationRequest(msgspec.Struct, frozen=True):
    """What the edge shall do, with its parameters; it checks both again."""

    id: str
    action: str  # endpoints, trust, browse, suggest
    parameters: dict[str, Any] = {}


class ExplorationResult(msgspec.Struct, frozen=True):
    """What became of a request: waiting, running, done or failed."""

    id: str
    action: str
    state: str
    result: dict[str, Any] = {}
    fault: Fault | None = None
    detail: str = ""  # technical, of a failure


_encoder: Final = msgspec.json.Encoder()
_request: Final = msgspec.json.Decoder(ExplorationRequest)
_result: Final = msgspec.json.Decoder(ExplorationResult)


def requests_key(connector: str) -> str:
    return f"wn:explore:{{{connector}}}"


def result_key(connector: str, request_id: str) -> str:
    return f"wn:explored:{{{connector}}}:{request_id}"


def mark_key(connector: str, request_id: str) -> str:
    """What lives as long as an answer may come: REQUEST_S, and RUNNING_S from the edge's begin."""
    return f"{result_key(connector, request_id)}:mark"


def encode_request(request: ExplorationRequest) -> bytes:
    return _encoder.encode(request)


def decode_request(content: bytes) -> ExplorationRequest:
    """Decode a request; raise UnreadableMessage."""
    try:
        return _request.decode(content)
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        raise UnreadableMessage(str(error)) from error


def encode_result(result: ExplorationResult) -> bytes:
    return _encoder.encode(result)


def decode_result(content: bytes | str) -> ExplorationResult:
    """Decode a result; raise UnreadableMessage."""
    try:
        return _result.decode(content)
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        raise UnreadableMessage(str(error)) from error

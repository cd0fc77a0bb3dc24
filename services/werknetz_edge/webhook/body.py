"""A request's body, whole and bounded: in size, in time, and in what a compressed one grows to."""

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import blake2b
from tempfile import SpooledTemporaryFile
from typing import Final

from starlette.requests import ClientDisconnect, Request

from werknetz_edge.webhook.auth import Check
from werknetz_edge.webhook.problem import Refused, too_large

IN_MEMORY: Final = 1_000_000
SLOWEST_BYTES_PER_S: Final = 50_000
_STEP: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    size_max: int
    gzip_ratio_max: int
    within_s: float


@dataclass(slots=True)
class Body:
    file: "SpooledTemporaryFile[bytes]"
    size: int = 0
    hash: bytes = b""


@asynccontextmanager
async def received(request: Request, check: Check, limits: Limits) -> AsyncIterator[Body]:
    """Give the body once all of it is there and the check has passed; raise Refused."""
    inflate = _inflation(request)
    hashed = blake2b(digest_size=16)
    with SpooledTemporaryFile[bytes](IN_MEMORY) as file:
        body = Body(file)
        came = 0
        async for chunk in _chunks(request, limits.within_s):
            came += len(chunk)
            if came > limits.size_max:
                raise too_large(limits.size_max)
            check.update(chunk)
            for plain in _inflated(inflate, chunk):
                body.size += len(plain)
                if body.size > limits.size_max:
                    raise too_large(limits.size_max)
                if inflate is not None and body.size > IN_MEMORY + came * limits.gzip_ratio_max:
                    raise Refused(
                        413, "compressed_too_much",
                        f"The body grows more than {limits.gzip_ratio_max} times.",
                        "Send it less compressed, or in parts.",
                    )  # fmt: skip
                hashed.update(plain)
                file.write(plain)
        check.finish()
        if inflate is not None and not inflate.eof:
            raise _wrong_gzip("it ends too early")
        body.hash = hashed.digest()
        file.seek(0)
        yield body


async def _chunks(request: Request, within_s: float) -> AsyncIterator[bytes]:
    """The body as it comes; a sender that trickles must not hold us."""
    began_s, came = time.monotonic(), 0
    stream = request.stream()
    while True:
        left_s = began_s + within_s + came / SLOWEST_BYTES_PER_S - time.monotonic()
        try:
            async with asyncio.timeout(left_s):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except (TimeoutError, ClientDisconnect) as error:
            raise Refused(
                408, "body_too_slow", "The body did not come in time.",
                "Send it again; a slow line needs a larger `body_s`.",
                headers={"Connection": "close"},
            ) from error  # fmt: skip
        came += len(chunk)
        yield chunk


def _inflation(request: Request) -> "zlib._Decompress | None":
    match request.headers.get("content-encoding", "identity").strip().lower():
        case "identity" | "":
            return None
        case "gzip" | "x-gzip":
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        case other:
            raise Refused(
                415, "content_encoding", f"Content-Encoding {other[:40]!r} is not read.",
                "Send it plain, or with gzip.",
            )  # fmt: skip


def _inflated(inflate: "zlib._Decompress | None", chunk: bytes) -> Iterator[bytes]:
    """Step by step: a bomb is told by its first megabytes, and no more of it is made."""
    if inflate is None:
        yield chunk
        return
    rest = chunk
    try:
        while rest and not inflate.eof:
            yield inflate.decompress(rest, _STEP)
            rest = inflate.unconsumed_tail
    except zlib.error as error:
        raise _wrong_gzip(str(error)) from error
    if inflate.unused_data:
        raise _wrong_gzip("something follows its end")


def _wrong_gzip(reason: str) -> Refused:
    return Refused(
        400, "gzip_wrong", f"The body is not gzip: {reason}.",
        "Send what Content-Encoding says, or drop that header.",
    )  # fmt: skip

"""Receives a request's body completely, with limits on size and decompressed size."""

import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import blake2b
from tempfile import SpooledTemporaryFile
from typing import Final

from starlette.requests import ClientDisconnect, Request

from werknetz.texts.sentence import Sentence
from werknetz_edge.webhook.auth import BodyCheck
from werknetz_edge.webhook.problem import RequestRefused, body_too_large

IN_MEMORY: Final = 1_000_000
_STEP: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class BodyLimits:
    size_max: int
    gzip_ratio_max: int


@dataclass(slots=True)
class RequestBody:
    file: "SpooledTemporaryFile[bytes]"
    size: int = 0
    hash: bytes = b""


@asynccontextmanager
async def receive_body(
    request: Request, check: BodyCheck, limits: BodyLimits
) -> AsyncIterator[RequestBody]:
    """Yield the body once it is complete and the check has passed; raise RequestRefused."""
    decompressor = _create_decompressor(request)
    digest = blake2b(digest_size=16)
    with SpooledTemporaryFile[bytes](IN_MEMORY) as file:
        body = RequestBody(file)
        received = 0
        async for chunk in _read_chunks(request):
            received += len(chunk)
            if received > limits.size_max:
                raise body_too_large(limits.size_max)
            check.update(chunk)
            for plain in _decompress(decompressor, chunk):
                body.size += len(plain)
                if body.size > limits.size_max:
                    raise body_too_large(limits.size_max)
                if (
                    decompressor is not None
                    and body.size > IN_MEMORY + received * limits.gzip_ratio_max
                ):
                    raise RequestRefused(
                        413, "compressed_too_much",
                        Sentence("webhook.compressed_too_much", times=limits.gzip_ratio_max),
                        Sentence("webhook.compress_less"),
                    )  # fmt: skip
                digest.update(plain)
                file.write(plain)
        check.finish()
        if decompressor is not None and not decompressor.eof:
            raise _invalid_gzip(Sentence("webhook.gzip_ends_early"))
        body.hash = digest.digest()
        file.seek(0)
        yield body


async def _read_chunks(request: Request) -> AsyncIterator[bytes]:
    """Yield the body as it arrives; the server ends one that is too slow."""
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect as error:
        raise RequestRefused(
            400, "body_incomplete", Sentence("webhook.body_incomplete"),
            Sentence("webhook.send_it_again"),
        ) from error  # fmt: skip


def _create_decompressor(request: Request) -> "zlib._Decompress | None":
    match request.headers.get("content-encoding", "identity").strip().lower():
        case "identity" | "":
            return None
        case "gzip" | "x-gzip":
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        case other:
            raise RequestRefused(
                415, "content_encoding",
                Sentence("webhook.content_encoding", encoding=other[:40]),
                Sentence("webhook.send_gzip"),
            )  # fmt: skip


def _decompress(decompressor: "zlib._Decompress | None", chunk: bytes) -> Iterator[bytes]:
    """Decompress in steps of 1 MB: a decompression bomb is detected before it fills the memory."""
    if decompressor is None:
        yield chunk
        return
    rest = chunk
    try:
        while rest and not decompressor.eof:
            yield decompressor.decompress(rest, _STEP)
            rest = decompressor.unconsumed_tail
    except zlib.error as error:
        raise _invalid_gzip(str(error)) from error
    if decompressor.unused_data:
        raise _invalid_gzip(Sentence("webhook.gzip_goes_on"))


def _invalid_gzip(fault: str) -> RequestRefused:
    return RequestRefused(
        400, "gzip_wrong", Sentence("webhook.gzip_wrong", fault=fault),
        Sentence("webhook.send_what_is_declared"),
    )  # fmt: skip

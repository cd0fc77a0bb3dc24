"""The files of the built page, each read and compressed once."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).with_name("dist")
PAGE: Final = "index.html"
_COMPRESSED_BYTES_MIN: Final = 1024
_COMPRESSED_ALREADY: Final = {".woff2", ".png", ".gz"}
_FILES_MAX: Final = 256  # in memory; a build has about forty
mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("text/javascript", ".js")


@dataclass(frozen=True, slots=True)
class PageFile:
    content: bytes
    compressed: bytes | None  # gzip; None where that saves nothing
    media_type: str
    etag: str


def page_file(name: str, folder: Path = FOLDER) -> PageFile | None:
    """Return a file of the build, by its path below the folder; None where there is none.

    A file is read again after it changed, so that a new build needs no restart.
    """
    try:
        path = (folder / name).resolve()
        state = path.stat()
    except (OSError, ValueError):  # not there, or no name of a file
        return None
    if not path.is_relative_to(folder.resolve()):
        return None
    return _read(path, (state.st_mtime_ns, state.st_size)) if path.is_file() else None


@lru_cache(maxsize=_FILES_MAX)
def _read(path: Path, version: tuple[int, int]) -> PageFile:  # noqa: ARG001 - a key of the cache
    content = path.read_bytes()
    is_compressible = (
        len(content) >= _COMPRESSED_BYTES_MIN and path.suffix not in _COMPRESSED_ALREADY
    )
    return PageFile(
        content,
        gzip.compress(content, compresslevel=9, mtime=0) if is_compressible else None,
        mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"',
    )

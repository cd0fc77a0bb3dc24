"""Which characters the bytes of an interchange are: as it declares, or as its bytes prove."""

import codecs
import re
from dataclasses import dataclass
from typing import Final

CODECS: Final = {
    "UNOA": "ascii", "UNOB": "ascii", "UNOC": "iso8859-1", "UNOD": "iso8859-2",
    "UNOE": "iso8859-5", "UNOF": "iso8859-7", "UNOG": "iso8859-3", "UNOH": "iso8859-4",
    "UNOI": "iso8859-6", "UNOJ": "iso8859-8", "UNOK": "iso8859-9", "UNOL": "iso8859-15",
    "UNOW": "utf-8", "UNOX": "iso2022_jp_2", "UNOY": "utf-8", "KECA": "euc_kr",
}  # fmt: skip
"""By UNB 0001. UNOX (ISO 2022) is turned into UTF-8 before it is cut: see `plain_bytes`."""

_C1: Final = re.compile("[\x80-\x9f]")  # control characters of ISO 8859: in no EDI text


@dataclass(frozen=True, slots=True)
class Decoded:
    text: str
    charset: str
    remark: str = ""  # where the bytes are not what they are said to be


def plain_bytes(content: bytes) -> bytes:
    """Return bytes in which separators are single ASCII bytes; raise ValueError if they cannot be.

    UTF-16 and ISO 2022 are turned into UTF-8, so places are then those in the UTF-8 text.
    """
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return content.decode("utf-16").encode()
    if b"\x1b" in content and b"UNOX" in content[:200]:
        return content.decode(CODECS["UNOX"]).encode()
    return content


def decode(content: bytes, identifier: str, override: str | None = None) -> Decoded:
    """Decode an interchange; never fails, but says what it had to do.

    Strictly as the profile or UNB says, first. Then UTF-8, which hardly ever fits by chance,
    then Windows-1252 or ISO 8859-1, in which every byte is something.
    """
    declared = override or CODECS.get(identifier, "ascii")
    named = override or identifier or "no character set"
    if content.isascii() and declared not in {"utf-16", "utf-16le", "utf-16be"}:
        return Decoded(content.decode("ascii"), "ascii")
    if b"\x1b" not in content and declared == CODECS["UNOX"]:
        declared = "utf-8"
    try:
        text = content.decode(declared)
    except (UnicodeDecodeError, LookupError):
        text = ""
    if text and (override or not declared.startswith("iso8859") or not _C1.search(text)):
        return Decoded(text, declared)
    found = _by_its_bytes(content)
    return Decoded(*found, remark=f"declares {named}, but its bytes are {found[1]}")


def _by_its_bytes(content: bytes) -> tuple[str, str]:
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        latin = content.decode("iso8859-1")
    if not _C1.search(latin):
        return latin, "iso8859-1"
    try:
        return content.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:
        return latin, "iso8859-1"


def known_charset(name: str | None) -> str | None:
    """Return the name; raise ValueError with the remedy where no codec has it."""
    if name is not None:
        try:
            codecs.lookup(name)
        except LookupError as error:
            raise ValueError(
                f"character set {name!r} is not known: write a name such as cp850, cp1252, utf-8"
            ) from error
    return name

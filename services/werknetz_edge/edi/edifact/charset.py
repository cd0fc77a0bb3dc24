"""Decodes an interchange: with the declared character set, or with the one that its bytes show."""

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
"""By UNB 0001. UNOX (ISO 2022) is converted to UTF-8 before splitting: see `normalize_encoding`."""

_C1: Final = re.compile("[\x80-\x9f]")  # control characters of ISO 8859: in no EDI text


@dataclass(frozen=True, slots=True)
class DecodedText:
    text: str
    charset: str
    note: str = ""  # set where the bytes differ from the declared character set


def normalize_encoding(content: bytes) -> bytes:
    """Return bytes in which separators are single ASCII bytes; raise ValueError if they cannot be.

    UTF-16 and ISO 2022 are converted to UTF-8; positions are then those in the UTF-8 text.
    """
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return content.decode("utf-16").encode()
    if b"\x1b" in content and b"UNOX" in content[:200]:
        return content.decode(CODECS["UNOX"]).encode()
    return content


def decode(content: bytes, identifier: str, override: str | None = None) -> DecodedText:
    """Decode an interchange; never fails, but notes a wrong declaration.

    Bytes that are valid UTF-8 are UTF-8, whatever ISO 8859 part is declared: text of ISO 8859 is
    hardly ever valid UTF-8. Else strictly as the profile or UNB declares, then Windows-1252 or
    ISO 8859-1, in which every byte is a character.
    """
    declared = override or CODECS.get(identifier, "ascii")
    name = override or identifier or "no character set"
    if content.isascii() and declared not in {"utf-16", "utf-16le", "utf-16be"}:
        return DecodedText(content.decode("ascii"), "ascii")
    if b"\x1b" not in content and declared == CODECS["UNOX"]:
        declared = "utf-8"
    try:
        text = content.decode(declared)
    except (UnicodeDecodeError, LookupError):
        text = ""
    if declared.startswith("iso8859") and not override and _utf8_of(content) is not None:
        text = ""
    if text and (override or not declared.startswith("iso8859") or not _C1.search(text)):
        return DecodedText(text, declared)
    decoded = _decode_by_bytes(content)
    return DecodedText(*decoded, note=f"declares {name}, but its bytes are {decoded[1]}")


def _utf8_of(content: bytes) -> str | None:
    """Return the text of valid UTF-8, which may be cut off within its last character."""
    try:
        text, used = codecs.utf_8_decode(content, "strict", False)
    except UnicodeDecodeError:
        return None
    if used == len(content):
        return text
    return None if text.isascii() else text + "\ufffd"


def _decode_by_bytes(content: bytes) -> tuple[str, str]:
    text = _utf8_of(content)
    if text is not None:
        return text, "utf-8"
    latin = content.decode("iso8859-1")
    if not _C1.search(latin):
        return latin, "iso8859-1"
    try:
        return content.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:
        return latin, "iso8859-1"


def check_charset(name: str | None) -> str | None:
    """Return the name; raise ValueError with the remedy where no codec has it."""
    if name is not None:
        try:
            codecs.lookup(name)
        except LookupError as error:
            raise ValueError(
                f"character set {name!r} is not known: write a name such as cp850, cp1252, utf-8"
            ) from error
    return name

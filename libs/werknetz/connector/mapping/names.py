"""Names of a source → segments of equipment paths and names of signals.

ASCII names and German umlauts have a fixed spelling. Other letters are transliterated, with a
suffix of the whole name, as two names may have one transliteration: č and ć are both c.
"""

import re
import unicodedata
from base64 import b32encode
from collections.abc import Callable
from hashlib import blake2b
from typing import Final

from anyascii import anyascii

SEGMENT_MAX: Final = 63
SIGNAL_MAX: Final = 200
_SUFFIX: Final = 4  # characters: a million suffixes for names of one transliteration
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})

ToName = Callable[[str], str]


def to_slug(text: str) -> str:
    """Return a text as a segment of an equipment path: `Presse 3` → `presse-3`."""
    return _name(text, plain_slug, SEGMENT_MAX, "-")


def to_signal_name(text: str) -> str:
    """Return a text as the name of a signal: `Spindle Temp.` → `spindle_temp`."""
    return _name(text, plain_signal_name, SIGNAL_MAX, "_")


def signal_name_of(address: str, to_name: ToName = to_signal_name) -> str:
    """Return a signal name from an address: its last part, without namespace and folders."""
    last = re.split(r"[/#]|[;][isgb]=", address)[-1]
    return to_name(last.replace("\\.", "."))


def plain_slug(text: str) -> str:
    """Return the segment as versions before 0.2 wrote it: other letters are lost."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", text.lower().translate(_UMLAUTS))
    return plain.strip("-_")[:SEGMENT_MAX] or "x"


def plain_signal_name(text: str) -> str:
    """Return the signal name as versions before 0.2 wrote it: other letters are lost."""
    plain = re.sub(r"[^a-z0-9_.]+", "_", text.lower().translate(_UMLAUTS)).strip("_.")
    return plain[:SIGNAL_MAX] or "value"


def suffix_of(text: str) -> str:
    """Return a short text that depends on the whole name, equal on every computer and version."""
    digest = blake2b(text.encode(errors="surrogatepass"), digest_size=5).digest()
    return b32encode(digest).decode().lower()[:_SUFFIX]


def _name(text: str, to_plain: ToName, length_max: int, separator: str) -> str:
    name = unicodedata.normalize("NFC", text.lower()).translate(_UMLAUTS)
    if name.isascii():
        return to_plain(name)
    # Letters with marks first: transliterations of single marks would add characters.
    folded = "".join(map(_fold, name))
    room = length_max - _SUFFIX - 1
    return f"{to_plain(folded)[:room].rstrip('-_.') or 'x'}{separator}{suffix_of(name)}"


def _fold(character: str) -> str:
    if character.isascii():
        return character
    decomposed = unicodedata.normalize("NFKD", character)
    base = "".join(part for part in decomposed if not unicodedata.combining(part))
    return base if base.isascii() else anyascii(character)

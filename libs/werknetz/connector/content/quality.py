"""Quality as vendors write it → OPC UA status: 192, true, "GOOD", {"Code": 2147483648}."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from werknetz.domain.status import BAD, BAD_STALE, GOOD, UNCERTAIN

QualityForm = Literal["auto", "opc_da", "opc_ua", "two_bit"]
_WORDS: Final = {
    "ok": GOOD, "valid": GOOD, "true": GOOD, "online": GOOD, "normal": GOOD,
    "questionable": UNCERTAIN, "suspect": UNCERTAIN, "substituted": UNCERTAIN,
    "false": BAD, "invalid": BAD, "error": BAD, "fault": BAD, "offline": BAD, "nok": BAD,
    "stale": BAD_STALE,
}  # fmt: skip
_PREFIXES: Final = (("good", GOOD), ("uncertain", UNCERTAIN), ("bad", BAD))
_OPC_DA_MAX: Final = 255
_TWO_BITS: Final = (BAD, UNCERTAIN, GOOD, GOOD)  # OPC DA's upper bits alone, as Siemens writes them
_SPARKPLUG: Final = {500: BAD_STALE}
_STATUS_MAX: Final = 0xFFFF_FFFF


def status_of_quality(quality: Any, form: QualityForm = "auto") -> int:
    """Return the status of a quality. None is good: OPC UA omits it; an unknown one is uncertain.

    In the form `auto`, 0 is bad, as in OPC DA; in `opc_ua` it is good.
    """
    if quality is None:
        return GOOD
    if isinstance(quality, bool):
        return GOOD if quality else BAD
    if isinstance(quality, (int, float)):
        return _status_of_number(int(quality), form) if quality == quality // 1 else UNCERTAIN
    if isinstance(quality, str):
        return _status_of_word(quality.strip().lower(), form)
    if isinstance(quality, Mapping):  # JSON of OPC UA; a code of 0 may be missing
        code = next((quality[name] for name in ("Code", "code") if name in quality), 0)
        return status_of_quality(code, "opc_ua")
    return UNCERTAIN


def _status_of_number(code: int, form: QualityForm) -> int:
    if form == "opc_ua":
        return code & _STATUS_MAX if -(2**31) <= code <= _STATUS_MAX else UNCERTAIN
    if form == "two_bit" or (form == "auto" and 0 < code < len(_TWO_BITS)):
        return _TWO_BITS[code] if 0 <= code < len(_TWO_BITS) else UNCERTAIN
    if form == "auto" and (code < 0 or code > _OPC_DA_MAX):
        if code in _SPARKPLUG:
            return _SPARKPLUG[code]
        status = code & _STATUS_MAX
        return status if -(2**31) <= code <= _STATUS_MAX and status >= UNCERTAIN else UNCERTAIN
    if not 0 <= code <= 0xFFFF:
        return UNCERTAIN
    return (BAD, UNCERTAIN, UNCERTAIN, GOOD)[(code & 0xC0) >> 6]  # the high byte is the vendor's


def _status_of_word(word: str, form: QualityForm) -> int:
    if not word:
        return GOOD
    for prefix, status in _PREFIXES:
        if word.startswith(prefix):
            return status
    if word in _WORDS:
        return _WORDS[word]
    try:
        return _status_of_number(int(word, 0), form)
    except ValueError:
        return UNCERTAIN

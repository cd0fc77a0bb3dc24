"""Interchanges in a file, their envelopes and character sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz_edge.edi.edifact.charset import CODECS, decode, normalize_encoding
from werknetz_edge.edi.edifact.envelope import BLANK, BOM, open_envelope, split_interchanges
from werknetz_edge.edi.edifact.syntax import LEVEL_B
from werknetz_edge.edi.values import InvalidEdi

ONE = b"UNB+UNOA:3+A:14+B:14+260112:0815+R1'UNH+1+X'UNT+2+1'UNZ+1+R1'"


def _shapes(content: bytes) -> list[tuple[int, bool]]:
    return [(piece.start, piece.is_interchange) for piece in split_interchanges(content)]


@pytest.mark.parametrize(
    ("content", "shapes"),
    [
        (ONE, [(0, True)]),
        (b"\xef\xbb\xbf\r\n" + ONE, [(5, True)]),
        (b"UNA:+.? '\r\n" + ONE, [(0, True)]),
        (ONE + b"\r\n" + ONE, [(0, True), (len(ONE) + 2, True)]),
        (ONE + b"UNA:+.? '" + ONE, [(0, True), (len(ONE), True)]),
        (b"hello " + ONE, [(0, False), (6, True)]),
        (ONE + b"\x1a\0\0", [(0, True)]),
        (ONE + b"trash", [(0, True), (len(ONE), False)]),
        (ONE[:-11] + b"'" + ONE, [(0, True), (len(ONE) - 10, True)]),  # UNZ is missing
        (ONE[:-1], [(0, True)]),
        (ONE.replace(b"X'", b"X?'UNZ+1'"), [(0, True)]),  # an escaped terminator
        (ONE.replace(b"X'", b"X??'"), [(0, True)]),
        (b"", []),
        (b" \r\n", []),
    ],
)
def test_a_file_is_split_into_interchanges(content: bytes, shapes: list[tuple[int, bool]]) -> None:
    assert _shapes(content) == shapes


def test_the_separators_of_level_b() -> None:
    table = bytes.maketrans(b":+'", (LEVEL_B[0] + LEVEL_B[1] + LEVEL_B[5]).encode())
    written = ONE.replace(b"UNOA", b"UNOB").translate(table)
    (piece,) = split_interchanges(written + b"\n" + b"\0")
    assert open_envelope(piece.content).sender == "A"


@given(st.binary(max_size=300), st.integers(1, 4))
def test_any_bytes_are_split_without_loss(content: bytes, times: int) -> None:
    whole = content + ONE * times + content
    parts = [*split_interchanges(whole)]
    at = 0
    for part in parts:
        assert not whole[at : part.start].replace(BOM, b"").strip(BLANK)
        assert whole[part.start : part.start + len(part.content)] == part.content
        at = part.start + len(part.content)
    assert not whole[at:].replace(BOM, b"").strip(BLANK)


def test_fields_of_unb() -> None:
    envelope = open_envelope(
        b"UNA:+.?*'UNB+UNOC:3+ S1 :ZZ+R1:14+260112:0815+REF++APP++++1'UNH+1+X'"
    )
    assert (envelope.identifier, envelope.version) == ("UNOC", "3")
    assert (envelope.sender, envelope.sender_qualifier) == ("S1", "ZZ")
    assert (envelope.receiver, envelope.reference, envelope.is_test) == ("R1", "REF", True)
    assert not open_envelope(ONE).is_test


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"UNA:+.? 'BGM+1'", "not followed by UNB"),
        (b"UNB+UNOA:3+A'", "it needs at least five"),
        (b"UNA++.? 'UNB+UNOA:3+A+B+1+1'", "ambiguous"),
        (b"UNA:+;? 'UNB+UNOA:3+A+B+1+1'", "not a decimal mark"),
    ],
)
def test_an_invalid_envelope_is_rejected(content: bytes, reason: str) -> None:
    with pytest.raises(InvalidEdi, match=reason):
        open_envelope(content)


@pytest.mark.parametrize("identifier", [i for i in CODECS if i not in {"UNOA", "UNOB", "UNOX"}])
def test_each_character_set_is_read_as_declared(identifier: str) -> None:
    letter = {
        "UNOD": "ő", "UNOE": "Ж", "UNOF": "Ω", "UNOG": "ħ", "UNOH": "ķ", "UNOI": "ع",
        "UNOJ": "ש", "UNOK": "ğ", "UNOL": "€", "KECA": "강",
    }.get(identifier, "ü")  # fmt: skip
    decoded = decode(f"NAD+{letter}'".encode(CODECS[identifier]), identifier)
    assert (decoded.text, decoded.note) == (f"NAD+{letter}'", "")


@pytest.mark.parametrize(
    ("content", "identifier", "text", "charset"),
    [
        ("ü".encode(), "UNOA", "ü", "utf-8"),
        ("ü".encode("latin-1"), "UNOB", "ü", "iso8859-1"),
        ("€".encode("cp1252"), "UNOA", "€", "cp1252"),
        ("€5".encode("cp1252"), "UNOC", "€5", "cp1252"),  # ISO 8859-1 has control characters there
        ("文".encode(), "UNOC", "文", "utf-8"),
        ("ü".encode("latin-1"), "UNOY", "ü", "iso8859-1"),
        (b"\xe4", "UNXX", "ä", "iso8859-1"),
    ],
)
def test_a_wrong_declaration_of_the_character_set_is_noted(
    content: bytes, identifier: str, text: str, charset: str
) -> None:
    decoded = decode(content, identifier)
    assert (decoded.text, decoded.charset) == (text, charset)
    assert identifier in decoded.note
    assert charset in decoded.note


def test_a_profile_can_correct_the_character_set() -> None:
    decoded = decode("Süd".encode("cp850"), "UNOA", "cp850")
    assert (decoded.text, decoded.note) == ("Süd", "")
    assert decode(b"\xff", "UNOA", "utf-8").note


def test_utf_16_and_iso_2022_become_utf_8() -> None:
    assert normalize_encoding(ONE.decode().encode("utf-16")) == ONE
    japanese = "UNB+UNOX:3+A+B+260112:0815+R1'FTX+日本'"
    assert normalize_encoding(japanese.encode("iso2022_jp_2")) == japanese.encode()
    assert decode(japanese.encode(), "UNOX").text == japanese
    with pytest.raises(ValueError, match="utf-16"):
        normalize_encoding(b"\xff\xfeA")


@given(st.binary(max_size=200), st.sampled_from([*CODECS, "", "UNOZ"]))
def test_any_bytes_are_decoded(content: bytes, identifier: str) -> None:
    assert isinstance(decode(content, identifier).text, str)

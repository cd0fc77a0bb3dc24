"""Interchanges in a file, their character sets, and what they are told by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz_edge.edi.edifact.charset import CODECS, decode, plain_bytes
from werknetz_edge.edi.edifact.envelope import BLANK, BOM, open_envelope, pieces
from werknetz_edge.edi.edifact.syntax import LEVEL_B
from werknetz_edge.edi.values import Wrong

ONE = b"UNB+UNOA:3+A:14+B:14+260112:0815+R1'UNH+1+X'UNT+2+1'UNZ+1+R1'"


def _shapes(content: bytes) -> list[tuple[int, bool]]:
    return [(piece.start, piece.is_interchange) for piece in pieces(content)]


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
        (ONE.replace(b"X'", b"X?'UNZ+1'"), [(0, True)]),  # a released terminator ends nothing
        (ONE.replace(b"X'", b"X??'"), [(0, True)]),
        (b"", []),
        (b" \r\n", []),
    ],
)
def test_a_file_is_cut_into_interchanges(content: bytes, shapes: list[tuple[int, bool]]) -> None:
    assert _shapes(content) == shapes


def test_the_separators_of_level_b() -> None:
    table = bytes.maketrans(b":+'", (LEVEL_B[0] + LEVEL_B[1] + LEVEL_B[5]).encode())
    written = ONE.replace(b"UNOA", b"UNOB").translate(table)
    (piece,) = pieces(written + b"\n" + b"\0")
    assert open_envelope(piece.content).sender == "A"


@given(st.binary(max_size=300), st.integers(1, 4))
def test_any_bytes_are_cut_without_losing_one(content: bytes, times: int) -> None:
    whole = content + ONE * times + content
    parts = [*pieces(whole)]
    at = 0
    for part in parts:
        assert not whole[at : part.start].replace(BOM, b"").strip(BLANK)
        assert whole[part.start : part.start + len(part.content)] == part.content
        at = part.start + len(part.content)
    assert not whole[at:].replace(BOM, b"").strip(BLANK)


def test_what_unb_says() -> None:
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
        (b"UNB+UNOA:3+A'", "it needs five"),
        (b"UNA++.? 'UNB+UNOA:3+A+B+1+1'", "cannot be told apart"),
        (b"UNA:+;? 'UNB+UNOA:3+A+B+1+1'", "no decimal mark"),
    ],
)
def test_what_is_no_envelope_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(Wrong, match=reason):
        open_envelope(content)


@pytest.mark.parametrize("identifier", [i for i in CODECS if i not in {"UNOA", "UNOB", "UNOX"}])
def test_each_character_set_is_read_as_declared(identifier: str) -> None:
    letter = {
        "UNOD": "ő", "UNOE": "Ж", "UNOF": "Ω", "UNOG": "ħ", "UNOH": "ķ", "UNOI": "ع",
        "UNOJ": "ש", "UNOK": "ğ", "UNOL": "€", "KECA": "강",
    }.get(identifier, "ü")  # fmt: skip
    decoded = decode(f"NAD+{letter}'".encode(CODECS[identifier]), identifier)
    assert (decoded.text, decoded.remark) == (f"NAD+{letter}'", "")


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
def test_bytes_that_are_not_what_they_are_said_to_be_are_read_and_it_is_said(
    content: bytes, identifier: str, text: str, charset: str
) -> None:
    decoded = decode(content, identifier)
    assert (decoded.text, decoded.charset) == (text, charset)
    assert identifier in decoded.remark
    assert charset in decoded.remark


def test_a_partner_may_be_wrong_about_its_character_set() -> None:
    decoded = decode("Süd".encode("cp850"), "UNOA", "cp850")
    assert (decoded.text, decoded.remark) == ("Süd", "")
    assert decode(b"\xff", "UNOA", "utf-8").remark


def test_utf_16_and_iso_2022_become_utf_8() -> None:
    assert plain_bytes(ONE.decode().encode("utf-16")) == ONE
    japanese = "UNB+UNOX:3+A+B+260112:0815+R1'FTX+日本'"
    assert plain_bytes(japanese.encode("iso2022_jp_2")) == japanese.encode()
    assert decode(japanese.encode(), "UNOX").text == japanese
    with pytest.raises(ValueError, match="utf-16"):
        plain_bytes(b"\xff\xfeA")


@given(st.binary(max_size=200), st.sampled_from([*CODECS, "", "UNOZ"]))
def test_any_bytes_are_decoded(content: bytes, identifier: str) -> None:
    assert isinstance(decode(content, identifier).text, str)

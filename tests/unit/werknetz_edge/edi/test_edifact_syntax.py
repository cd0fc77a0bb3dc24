"""Segments split and joined: round trips, positions, and comparison with pydifact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydifact.parser import Parser

from plumbing.shared import DATA
from werknetz_edge.edi.edifact.envelope import split_interchanges
from werknetz_edge.edi.edifact.syntax import BLOCK, LEVEL_B, Syntax
from werknetz_edge.edi.values import InvalidEdi

SHARED = DATA / "edi"
SYNTAXES = [
    Syntax(), Syntax.of_una(":+.?*'"), Syntax.of_una("#|,! ~"), Syntax.of_una(":+.? \n"),
    Syntax(*LEVEL_B[:2], terminator=LEVEL_B[5]), Syntax.of_una(":+.?*'").of_version("4"),
]  # fmt: skip
NAMES = ["default", "una", "odd", "newline", "level B", "version 4"]
text = st.text(st.characters(exclude_categories=("C", "Z")) | st.sampled_from("'+:?*#|!~,. "))
inner = st.lists(st.lists(text, min_size=1, max_size=4), min_size=1, max_size=6)
segments = st.lists(
    st.tuples(st.from_regex("[A-Z]{3}", fullmatch=True), inner), min_size=1, max_size=8
)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=NAMES)
@given(given_segments=segments)
def test_joined_segments_are_split_again(
    syntax: Syntax, given_segments: list[tuple[str, list[list[str]]]]
) -> None:
    whole = [[[tag], *elements] for tag, elements in given_segments]
    raws = [syntax.join(segment) for segment in whole]
    for between in ("", " \t" if syntax.terminator == "\n" else "\r\n"):
        text_written = between.join(raw + syntax.terminator for raw in raws)
        split_segments = [*syntax.segments(text_written)]
        assert [syntax.split(raw) for _, raw in split_segments] == whole
        assert all(text_written.startswith(raw[:3], position) for position, raw in split_segments)


@given(st.text(st.sampled_from("'?+:AB\n "), max_size=300))
def test_any_text_is_split_without_loss(text_written: str) -> None:
    split_segments = [raw for _, raw in Syntax().segments(text_written)]
    left = "".join(text_written.split()).replace("'", "")
    assert "".join("".join(split_segments).split()).replace("'", "") == left


@given(st.text(st.sampled_from("'?+:AB "), max_size=200))
def test_block_ends_make_no_difference(text_written: str) -> None:
    padding = "X" * (BLOCK - 5) + "'"
    alone = [raw for _, raw in Syntax().segments(text_written)]
    after_padding = [raw for _, raw in Syntax().segments(padding + text_written)]
    assert after_padding[1:] == alone


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"the shared files are missing: {SHARED}")
@pytest.mark.filterwarnings("ignore")  # pydifact warns about missing directories
@pytest.mark.parametrize("name", sorted(p.name for p in SHARED.glob("*.edi")))
def test_pydifact_reads_the_shared_files_alike(name: str) -> None:
    content = (SHARED / name).read_bytes()
    first = next(split_interchanges(content)).content  # it drops the first of two with a UNA
    text_written = first.decode("utf-8" if name.startswith("05") else "iso8859-1")
    syntax = Syntax.of_una(text_written[3:9]) if text_written.startswith("UNA") else Syntax()
    our_segments = [
        syntax.split(raw) for _, raw in syntax.segments(text_written) if raw[:3] != "UNA"
    ]
    their_segments = [segment for segment in Parser().parse(text_written) if segment.tag != "UNA"]
    assert [segment[0][0] for segment in our_segments] == [
        segment.tag for segment in their_segments
    ]
    for our, their in zip(our_segments, their_segments, strict=True):
        elements = [e if isinstance(e, list) else [e] for e in their.elements]
        assert _without_empty_ends(our[1:]) == _without_empty_ends(elements)


def _without_empty_ends(elements: list[list[str]]) -> list[list[str]]:
    cut = [[*parts] for parts in elements]
    for parts in cut:
        while parts and not parts[-1]:
            parts.pop()
    while cut and not cut[-1]:
        cut.pop()
    return cut


@pytest.mark.parametrize("una", [":+.?A'", "::.? '", ":+;? '", ": .? '", ":+.? 1", ":é.? '"])
def test_ambiguous_service_characters_are_rejected(una: str) -> None:
    if una == ":+.?A'":
        assert Syntax.of_una(una).reserved == "A", "the fifth is unused in syntax 1 to 3"
        return
    with pytest.raises(InvalidEdi, match="UNA"):
        Syntax.of_una(una)


def test_without_a_release_character_nothing_is_escaped() -> None:
    syntax = Syntax.of_una(":+.  '")
    assert syntax.split("FTX+A?+B") == [["FTX"], ["A?"], ["B"]]
    with pytest.raises(InvalidEdi, match="release"):
        syntax.join([["FTX"], ["A+B"]])


def test_a_repeated_element_of_syntax_4_is_rejected() -> None:
    assert Syntax().split("PIA+A*B") == [["PIA"], ["A*B"]]
    with pytest.raises(InvalidEdi, match="repeated"):
        Syntax().of_version("4").split("PIA+A*B")


def test_text_after_the_last_terminator_is_yielded() -> None:
    assert [*Syntax().segments("UNZ+1+1' BGM+1")] == [(0, "UNZ+1+1"), (9, "BGM+1")]
    assert [*Syntax().segments("BGM+1?'")] == [(0, "BGM+1?'")]

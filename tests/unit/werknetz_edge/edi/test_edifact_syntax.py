"""Segments cut and joined: round trips, places, and pydifact as a second opinion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydifact.parser import Parser

from plumbing.shared import DATA
from werknetz_edge.edi.edifact.envelope import pieces
from werknetz_edge.edi.edifact.syntax import BLOCK, LEVEL_B, Syntax
from werknetz_edge.edi.values import Wrong

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
def test_what_is_joined_is_cut_again(
    syntax: Syntax, given_segments: list[tuple[str, list[list[str]]]]
) -> None:
    whole = [[[tag], *elements] for tag, elements in given_segments]
    raws = [syntax.join(segment) for segment in whole]
    for between in ("", " \t" if syntax.terminator == "\n" else "\r\n"):
        written = between.join(raw + syntax.terminator for raw in raws)
        found = [*syntax.segments(written)]
        assert [syntax.split(raw) for _, raw in found] == whole
        assert all(written.startswith(raw[:3], place) for place, raw in found)


@given(st.text(st.sampled_from("'?+:AB\n "), max_size=300))
def test_any_text_is_cut_without_losing_a_character_of_it(written: str) -> None:
    found = [raw for _, raw in Syntax().segments(written)]
    left = "".join(written.split()).replace("'", "")
    assert "".join("".join(found).split()).replace("'", "") == left


@given(st.text(st.sampled_from("'?+:AB "), max_size=200))
def test_where_blocks_end_makes_no_difference(written: str) -> None:
    padding = "X" * (BLOCK - 5) + "'"
    alone = [raw for _, raw in Syntax().segments(written)]
    behind = [raw for _, raw in Syntax().segments(padding + written)]
    assert behind[1:] == alone


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"the shared files are not there: {SHARED}")
@pytest.mark.filterwarnings("ignore")  # pydifact misses most directories, and says so each time
@pytest.mark.parametrize("name", sorted(p.name for p in SHARED.glob("*.edi")))
def test_pydifact_reads_the_same_of_the_shared_files(name: str) -> None:
    content = (SHARED / name).read_bytes()
    first = next(pieces(content)).content  # of two with a UNA it drops the first
    written = first.decode("utf-8" if name.startswith("05") else "iso8859-1")
    syntax = Syntax.of_una(written[3:9]) if written.startswith("UNA") else Syntax()
    ours = [syntax.split(raw) for _, raw in syntax.segments(written) if raw[:3] != "UNA"]
    theirs = [segment for segment in Parser().parse(written) if segment.tag != "UNA"]
    assert [segment[0][0] for segment in ours] == [segment.tag for segment in theirs]
    for our, their in zip(ours, theirs, strict=True):
        elements = [e if isinstance(e, list) else [e] for e in their.elements]
        assert _plain(our[1:]) == _plain(elements)


def _plain(elements: list[list[str]]) -> list[list[str]]:
    cut = [[*parts] for parts in elements]
    for parts in cut:
        while parts and not parts[-1]:
            parts.pop()
    while cut and not cut[-1]:
        cut.pop()
    return cut


@pytest.mark.parametrize("una", [":+.?A'", "::.? '", ":+;? '", ": .? '", ":+.? 1", ":é.? '"])
def test_service_characters_that_cannot_be_told_apart_are_refused(una: str) -> None:
    if una == ":+.?A'":
        assert Syntax.of_una(una).reserved == "A", "nobody uses the fifth in syntax 1 to 3"
        return
    with pytest.raises(Wrong, match="UNA"):
        Syntax.of_una(una)


def test_no_release_character_means_that_nothing_is_released() -> None:
    syntax = Syntax.of_una(":+.  '")
    assert syntax.split("FTX+A?+B") == [["FTX"], ["A?"], ["B"]]
    with pytest.raises(Wrong, match="release"):
        syntax.join([["FTX"], ["A+B"]])


def test_a_repeated_element_of_syntax_4_is_not_read_as_one() -> None:
    assert Syntax().split("PIA+A*B") == [["PIA"], ["A*B"]]
    with pytest.raises(Wrong, match="repeated"):
        Syntax().of_version("4").split("PIA+A*B")


def test_what_is_behind_the_last_terminator_is_given_too() -> None:
    assert [*Syntax().segments("UNZ+1+1' BGM+1")] == [(0, "UNZ+1+1"), (9, "BGM+1")]
    assert [*Syntax().segments("BGM+1?'")] == [(0, "BGM+1?'")]

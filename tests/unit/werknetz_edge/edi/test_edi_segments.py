"""No segment vanishes: it is read, ignored by a written rule, or remarked with its position."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from plumbing.edi_documents import DocumentStore, interchange_of
from plumbing.shared import DATA
from werknetz_edge.edi.edifact.envelope import body_start_of, open_envelope, split_interchanges
from werknetz_edge.edi.edifact.message import Messages, RawMessage
from werknetz_edge.edi.edifact.segments import IGNORED, READ, ignore_reason
from werknetz_edge.edi.edifact.syntax import Syntax
from werknetz_edge.edi.profile import EDIFACT, Partner, Qualifiers, load_partners
from werknetz_edge.edi.values import InvalidEdi

CASES = Path(__file__).parent / "cases"
FILES = sorted([*CASES.glob("*/input.edi"), *(DATA / "edi").glob("*.edi")])
QUANTITY = {
    "DESADV": "QTY+12:5:PCE", "RECADV": "QTY+48:5:PCE", "DELFOR": "QTY+113:5:PCE",
    "DELJIT": "QTY+1:5:PCE", "INVRPT": "QTY+145:5:PCE",
}  # fmt: skip
CODED = ("DTM", "RFF", "NAD", "LOC", "QTY", "PIA", "MEA", "GIN", "GIR", "EQD", "SCC")
UNKNOWN = {
    "DTM": "DTM+ZZ9:20260112:102", "RFF": "RFF+ZZ9:X", "NAD": "NAD+ZZ9+X", "LOC": "LOC+ZZ9+X",
    "QTY": "QTY+ZZ9:7:PCE", "PIA": "PIA+1+X:ZZ9", "MEA": "MEA+PD+ZZ9+KGM:5",
    "GIN": "GIN+ZZ9+X", "GIR": "GIR+3+X:ZZ9", "EQD": "EQD+ZZ9+X", "SCC": "SCC+ZZ9",
}  # fmt: skip


def message_of(kind: str, *line: str) -> list[str]:
    return ["BGM+1+N1+9", "LIN+1++M:IN", QUANTITY[kind], *line]


def reports_of(store: DocumentStore) -> list[str]:
    return [*map(" | ".join, zip(store.items, store.reasons, strict=True))]


@pytest.mark.parametrize("kind", EDIFACT)
def test_the_tables_name_each_segment_once_as_a_whole(kind: str) -> None:
    whole = {tag for tag, rules in IGNORED[kind].items() if "*" in rules}
    assert not whole & READ[kind]
    partial = set(IGNORED[kind]) - whole
    assert partial <= READ[kind], "only segments with a reader have rules by code"
    assert all(reason for rules in IGNORED[kind].values() for reason in rules.values())


@pytest.mark.parametrize("kind", EDIFACT)
@pytest.mark.parametrize("tag", ["XYZ", "PRC", "ALC"])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_segment_of_no_table_is_remarked_with_its_position(kind: str, tag: str, at: int) -> None:
    segments = message_of(kind)
    segments.insert(at, f"{tag}+1")
    store = DocumentStore().message(kind, *segments)
    assert store.quantities == [5.0]
    (report,) = reports_of(store)
    assert f"segment {tag} is not part of {kind}" in report
    assert f"segment {at + 2}, byte" in report


@pytest.mark.parametrize("kind", EDIFACT)
@pytest.mark.parametrize("tag", CODED)
def test_an_unknown_code_is_reported_with_its_remedy(kind: str, tag: str) -> None:
    segments = message_of(kind, UNKNOWN[tag])
    store = DocumentStore().message(kind, *segments)
    assert any("ZZ9" in report or "SCC" in report for report in reports_of(store)) or (
        ignore_reason(kind, tag)
    )
    assert store.quantities == [5.0], "the line is stored without it"


@pytest.mark.parametrize("kind", EDIFACT)
def test_an_unknown_code_is_counted(kind: str) -> None:
    line = ["RFF+ZZ9:X", "RFF+ZZ8:X", "RFF+ZZ9:Y"]
    store = DocumentStore()
    store.message(kind, *message_of(kind, *line))
    assert [item.partition(" (")[0] for item in store.items] == [
        "UNH 1 LIN 1 RFF+ZZ9", "UNH 1 LIN 1 RFF+ZZ8",
    ]  # fmt: skip
    assert "`qualifiers.references`" in store.reasons[0]


@pytest.mark.parametrize("kind", EDIFACT)
def test_a_quantity_outside_of_a_line_is_refused(kind: str) -> None:
    segments = message_of(kind)
    segments.insert(1, QUANTITY[kind])
    store = DocumentStore().message(kind, *segments)
    (report,) = reports_of(store)
    assert "is outside of a line" in report
    assert "segment 3, byte" in report
    assert store.quantities == [5.0]


@pytest.mark.parametrize("kind", EDIFACT)
def test_a_line_with_only_an_unknown_item_qualifier_names_the_remedy(kind: str) -> None:
    segments = ["BGM+1+N1+9", "LIN+1++X7:ZZZ", QUANTITY[kind]]
    store = DocumentStore().message(kind, *segments)
    assert "'X7' with qualifier 'ZZZ'" in store.reasons[0]
    assert "`qualifiers.items`" in store.reasons[0]
    partner = Partner(name="p", qualifiers=Qualifiers(items={"ZZZ": "material"}))
    assert DocumentStore(partner).message(kind, *segments).values_of("material") == ["X7"]


def test_a_quantity_that_a_recommendation_does_not_use_is_remarked() -> None:
    partner = Partner(name="p", form="vda-4984")
    segments = ["BGM+241+N1+9", "LIN+1++M:IN", "QTY+113:5", "QTY+1:7"]
    store = DocumentStore(partner).message("DELFOR:D:04A", *segments)
    assert store.quantities == [5.0]
    assert "QTY+1:7 has no meaning here" in store.reasons[0]


def test_an_unknown_item_qualifier_beside_a_known_one_is_remarked() -> None:
    store = DocumentStore().message("DESADV", *message_of("DESADV", "PIA+1+X7:ZZZ"))
    assert store.quantities == [5.0]
    assert "'X7' has the unknown qualifier 'ZZZ'" in store.reasons[0]


@pytest.mark.parametrize("line", ["RFF+ON:1", "DTM+11:20260112:102", "NAD+ST+A", "LOC+11+A"])
def test_a_second_value_of_a_field_is_remarked(line: str) -> None:
    other = line.replace("1'", "2'").replace("20260112", "20260113").replace("+A", "+B")
    other = other.replace("ON:1", "ON:2")
    store = DocumentStore().message("DESADV", *message_of("DESADV", line, other))
    assert "of the same kind: only the first is stored" in store.reasons[0]


def test_a_wrong_count_names_the_remedy() -> None:
    content = interchange_of(("DESADV", message_of("DESADV"))).replace(b"UNT+5+", b"UNT+9+")
    store = DocumentStore().read(content)
    assert "`counts: {message: warn}`" in store.reasons[0]


def _messages_of(path: Path) -> Iterator[tuple[str, bytes, Syntax, list[str], str]]:
    """Yield type, head, syntax and body of each complete message of a file."""
    for part in split_interchanges(path.read_bytes()):
        try:
            envelope = open_envelope(part.content)
        except InvalidEdi:
            continue
        start = body_start_of(part.content)
        text = part.content[start:].decode("latin-1")
        for message in Messages(envelope, text):
            if isinstance(message, RawMessage) and message.type in EDIFACT and not message.faults:
                syntax = envelope.syntax
                head = part.content[:start] + syntax.join(envelope.header).encode("latin-1")
                body = [raw for raw in message.segments[:-1] if raw[:3] != "CNT"]
                yield message.type, head, syntax, body, message.reference


def _results(
    partner: Partner, head: bytes, syntax: Syntax, body: Sequence[str], reference: str
) -> tuple[list[str], list[str]]:
    """Return the facts, and the reasons of what is reported."""
    trailer = syntax.element.join(["UNT", str(len(body) + 1), reference])
    text = syntax.terminator.join(["", *body, trailer, ""])
    store = DocumentStore(partner, "Europe/Berlin").read(head + text.encode("latin-1"))
    reports = [f"{i} {r}" for i, r in zip(store.items, store.reasons, strict=True)]
    return [*map(str, store.facts.values())], [r for r in reports if "UNZ" not in r]


MESSAGES = [
    pytest.param(path, *message, id=f"{path.parent.name}-{path.stem}-{message[-1]}-{number}")
    for path in FILES
    for number, message in enumerate(_messages_of(path))
]


def _partner_of(path: Path) -> Partner:
    profile = path.parent / "profile.yaml"
    return load_partners(profile)[0] if profile.exists() else Partner(name="any")


@pytest.mark.parametrize(("path", "kind", "head", "syntax", "body", "reference"), MESSAGES)
def test_a_segment_put_into_any_place_of_a_real_message_is_reported(
    path: Path, kind: str, head: bytes, syntax: Syntax, body: list[str], reference: str
) -> None:
    partner = _partner_of(path)
    facts, reports = _results(partner, head, syntax, body, reference)
    if not facts or any("LIN" in report.partition(" (")[0] for report in reports):
        return  # all of a rejected line is in quarantine
    for at in range(2, len(body) + 1):
        changed = [*body[:at], syntax.element.join(["XYZ", "1"]), *body[at:]]
        changed_facts, changed_reports = _results(partner, head, syntax, changed, reference)
        assert changed_facts == facts
        assert sum("segment XYZ is not part" in r for r in changed_reports) == 1, body[at - 1]


STRUCTURE = frozenset({"CPS", "UNS", "GIS", "LIN"})  # they only order other segments
PRECEDENCE = {
    "PAC+1+:35+::92": "packages of a unit without lines of its own",
    "PAC+1++PAL-1:::91": "packages of a unit without lines of its own",
    "RFF+ON:6877871": "the line repeats the number of the head",
    "MEA+PD+AAD+KGM:123": "both packages of the unit have the same weight",
    "DTM+36:19991231:102": "best before and expiry are the same day",
    "DTM+361:19991231:102": "best before and expiry are the same day",
    "GIN+BX+BATCHNUMBERPAC": "PIA names the batch of the line already",
    "DTM+132:20260114:102": "DTM+17 of the head takes precedence",
    "DTM+2:202601120917:203": "the entry has a date of its own",
    "DTM+2:20260114:102": "the cumulative quantity has the date of its demand",
    "SCC+5": "QTY+83 is a backlog already",
    "INV+++++1": "INV 5 names no status",
}


@pytest.mark.parametrize(("path", "kind", "head", "syntax", "body", "reference"), MESSAGES)
def test_a_segment_that_no_rule_ignores_has_an_effect(
    path: Path, kind: str, head: bytes, syntax: Syntax, body: list[str], reference: str
) -> None:
    """Without the segment other facts or reports come: so it was read or reported."""
    partner = _partner_of(path)
    results = _results(partner, head, syntax, body, reference)
    if not results[0] or any("LIN" in report.partition(" (")[0] for report in results[1]):
        return
    for at, raw in enumerate(body[1:], 1):
        segment = syntax.split(raw)
        tag, codes = segment[0][0], [element[0].upper() for element in segment[1:3]]
        is_ignored = any(ignore_reason(kind, tag, code) for code in codes)
        if is_ignored or tag in STRUCTURE or raw in PRECEDENCE:
            continue
        without = [*body[:at], *body[at + 1 :]]
        assert _results(partner, head, syntax, without, reference) != results, raw

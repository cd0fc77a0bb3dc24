"""What identifies a line of an IDoc, and what is in force after corrections and deletions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plumbing.tables import local_file
from werknetz_edge.files.connector import Chunk
from werknetz_edge.idoc.config import IdocConfig
from werknetz_edge.idoc.parser import IdocParser

Lines = dict[int, float]


def delivery(
    number: str, document: str, lines: Lines, *, at: str = "20261124063000", more: str = "",
    control: str = "", head: str = "",
) -> str:  # fmt: skip
    items = "".join(
        f"<E1EDL24><POSNR>{n:06}</POSNR><LFIMG>{quantity}</LFIMG>{more}</E1EDL24>"
        for n, quantity in lines.items()
    )
    docnum = f"<DOCNUM>{number}</DOCNUM>" if number else ""
    return (
        f"<DELVRY07><IDOC><EDI_DC40>{docnum}<IDOCTYP>DELVRY07</IDOCTYP><MESTYP>DESADV</MESTYP>"
        f"<SNDPRN>S1</SNDPRN><CREDAT>{at[:8]}</CREDAT><CRETIM>{at[8:]}</CRETIM>{control}</EDI_DC40>"
        f"<E1EDL20><VBELN>{document}</VBELN>{head}{items}</E1EDL20></IDOC></DELVRY07>"
    )


class IdocStore:
    """Reads files one after the other, as the connector and the core do."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self._path = folder / "idoc.xml"
        self._ledger: dict[bytes, bytes] = {}
        config = IdocConfig.model_validate({"inbox": {"folder": str(folder)}, **options})
        self.parser = IdocParser(config, self._ledger.get)
        self.rows: dict[tuple[str, bytes], dict[str, Any]] = {}
        self._groups: dict[tuple[str, bytes], bytes] = {}
        self._versions: dict[tuple[str, bytes], int] = {}
        self.reasons: list[str] = []
        self.conflicts = 0

    def read(self, content: str | bytes) -> "IdocStore":
        self._path.write_bytes(content.encode() if isinstance(content, str) else content)
        for chunk in [*self.parser.parse(local_file(self._path))]:
            self._apply(chunk)
        return self

    def _apply(self, chunk: Chunk) -> None:
        self.reasons += [entry.reason for entry in chunk.rejects]
        for record in chunk.records:
            key = (record.source, record.key)
            if not record.can_revise and self.rows.get(key, record.fields) != record.fields:
                self.conflicts += 1
                continue
            if record.version is not None:
                if record.version < self._versions.get(key, record.version):
                    continue
                self._versions[key] = record.version
            if record.deleted:
                self.rows.pop(key, None)
            else:
                self.rows[key], self._groups[key] = dict(record.fields), record.group
        for end in chunk.group_ends:
            for key in [*self.rows]:
                is_named = key[0] == end.source and key[1] in end.keys
                if self._groups[key] == end.group and key[0] == end.source and not is_named:
                    del self.rows[key]
        self._ledger.update(chunk.state_updates)

    @property
    def quantities(self) -> list[float]:
        return sorted(float(row["LFIMG"]) for row in self.rows.values())


@pytest.fixture
def store(tmp_path: Path) -> Callable[..., IdocStore]:
    return lambda **options: IdocStore(tmp_path, **options)


TWO = {10: 100.0, 20: 50.0}
LATER = "20261124070000"
DEL = "<E1EDL18><QUALF>DEL</QUALF></E1EDL18>"
CASES = {
    "an IDoc": ([delivery("1", "D1", TWO)], [50, 100]),
    "the same IDoc again": ([delivery("1", "D1", TWO)] * 2, [50, 100]),
    "the document again in another IDoc": (
        [delivery("1", "D1", TWO), delivery("2", "D1", TWO, at=LATER)], [50, 100],
    ),
    "a corrected quantity": (
        [delivery("1", "D1", TWO), delivery("2", "D1", {10: 70.0, 20: 50.0}, at=LATER)], [50, 70],
    ),
    "a line that is missing": (
        [delivery("1", "D1", TWO), delivery("2", "D1", {10: 70.0}, at=LATER)], [70],
    ),
    "an older IDoc that comes late": (
        [delivery("2", "D1", {10: 70.0}, at=LATER), delivery("1", "D1", {10: 100.0})], [70],
    ),
    "another document": ([delivery("1", "D1", TWO), delivery("2", "D2", {10: 7.0})], [7, 50, 100]),
    "a line that is deleted": (
        [delivery("1", "D1", {10: 100.0}),
         delivery("2", "D1", {10: 100.0}, at=LATER, more="<LOEKZ>X</LOEKZ>")], [],
    ),
    "an action code": (
        [delivery("1", "D1", {10: 100.0}),
         delivery("2", "D1", {10: 100.0}, at=LATER, more="<ACTION>002</ACTION>")], [],
    ),
    "a cancelled document": (
        [delivery("1", "D1", TWO), delivery("2", "D1", TWO, at=LATER, head=DEL)], [],
    ),
    "cancelled without lines": (
        [delivery("1", "D1", TWO), delivery("2", "D1", {}, at=LATER, head=DEL)], [],
    ),
    "cancelled by the message function": (
        [delivery("1", "D1", TWO),
         delivery("2", "D1", TWO, at=LATER, control="<MESFCT>DEL</MESFCT>")], [],
    ),
    "without a number, twice": ([delivery("", "D1", TWO)] * 2, [50, 100]),
    "without any number, twice": ([delivery("", "", TWO)] * 2, [50, 100]),
    "without any number, other content": (
        [delivery("", "", TWO), delivery("", "", {10: 7.0})], [7, 50, 100],
    ),
    "without a document number": (
        [delivery("1", "", TWO), delivery("2", "", {10: 7.0})], [7, 50, 100],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_in_force(store: Callable[..., IdocStore], case: str) -> None:
    contents, expected = CASES[case]
    read = store()
    for content in contents:
        read.read(content)
    assert read.quantities == expected
    assert not read.reasons


def test_other_content_under_one_idoc_number_is_a_conflict(
    store: Callable[..., IdocStore],
) -> None:
    read = store().read(delivery("1", "", {10: 1.0})).read(delivery("1", "", {10: 2.0}))
    assert (read.quantities, read.conflicts) == ([1.0], 1)


def test_a_change_message_has_only_its_lines(store: Callable[..., IdocStore]) -> None:
    change = delivery("2", "D1", {10: 70.0}, at=LATER).replace("DESADV", "ORDCHG")
    assert store().read(delivery("1", "D1", TWO)).read(change).quantities == [50, 70]


def test_senders_have_their_own_numbers(store: Callable[..., IdocStore]) -> None:
    other = delivery("1", "D1", {10: 7.0}).replace("S1", "S2")
    assert store().read(delivery("1", "D1", {10: 5.0})).read(other).quantities == [5, 7]


def test_schedule_lines_of_an_item_have_their_own_keys(store: Callable[..., IdocStore]) -> None:
    lines = "".join(f"<E1EDP20><WMENG>{n}</WMENG></E1EDP20>" for n in (10, 20))
    order = (
        "<ORDERS05><IDOC><EDI_DC40><DOCNUM>1</DOCNUM><MESTYP>ORDERS</MESTYP></EDI_DC40>"
        "<E1EDK01><BELNR>O1</BELNR></E1EDK01>"
        f"<E1EDP01><POSEX>10</POSEX>{lines}</E1EDP01></IDOC></ORDERS05>"
    )
    read = store().read(order).read(order)
    assert [row["WMENG"] for row in read.rows.values()] == ["10", "20"]
    corrected = order.replace("<E1EDP20><WMENG>20</WMENG></E1EDP20>", "").replace(
        ">10</WM", ">7</WM"
    )
    assert [row["WMENG"] for row in read.read(corrected).rows.values()] == ["7"]


LAYOUTS = {"E1EDL20": {"VBELN": 10}, "E1EDL24": {"POSNR": 6, "MATNR": 18, "LFIMG": 15}}
PARSER = """BEGIN_SEGMENT_SECTION
  BEGIN_IDOC                   DELVRY07
    BEGIN_SEGMENT              E2EDL20004
      SEGMENTTYPE              E1EDL20
      BEGIN_FIELDS
        NAME                   VBELN
        TYPE                   CHARACTER
        CHARACTER_FIRST        000064
        CHARACTER_LAST         000073
      END_FIELDS
    END_SEGMENT
    BEGIN_SEGMENT              E2EDL24005
      SEGMENTTYPE              E1EDL24
      BEGIN_FIELDS
        NAME                   POSNR
        CHARACTER_FIRST        000064
        CHARACTER_LAST         000069
        NAME                   MATNR
        CHARACTER_FIRST        000070
        CHARACTER_LAST         000087
        NAME                   LFIMG
        CHARACTER_FIRST        000088
        CHARACTER_LAST         000102
      END_FIELDS
    END_SEGMENT
  END_IDOC
END_SEGMENT_SECTION
"""


def flat(number: str, lines: Lines, *, end: str = "\n") -> str:
    control = (
        f"{'EDI_DC40':10}800{number:16}750 3012{'':1}{'':1}{'DELVRY07':30}{'':30}{'DESADV':30}"
        f"{'':3}{'':3}{'':1}{'':6}{'':6}{'SAPQ01':10}LS  {'S1':10}{'':21}{'':70}{'RCV':10}LS  "
        f"{'R1':10}{'':21}{'':70}20261124063000"
    ).ljust(524)
    records = [control, _segment("E2EDL20004", number, 1, 0, f"{'D1':10}")]
    for n, (line, quantity) in enumerate(lines.items(), 2):
        data = f"{line:06}{'MÄTERIAL':18}{quantity:>15}"
        records.append(_segment("E2EDL24005", number, n, 1, data))
    return "".join(f"{record}{end}" for record in records)


def _segment(name: str, number: str, segment: int, parent: int, data: str) -> str:
    return f"{name:30}800{number:16}{segment:06}{parent:06}02{data.ljust(1000)}"


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
@pytest.mark.parametrize("source", ["layouts", "definitions"])
def test_a_flat_idoc_is_read(
    store: Callable[..., IdocStore], tmp_path: Path, end: str, source: str
) -> None:
    (tmp_path / "parser.txt").write_text(PARSER)
    options: dict[str, Any] = {"layouts": LAYOUTS}
    if source == "definitions":
        options = {"definitions": str(tmp_path / "parser.txt")}
    read = store(**options).read(flat("1", TWO, end=end) + flat("2", {10: 70.0}, end=end))
    assert read.quantities == [70.0]
    ((key, row),) = read.rows.items()
    assert key[0] == "idoc/DELVRY07/E1EDL24"
    assert (row["POSNR"], row["MATNR"], row["E1EDL20"]["VBELN"]) == ("000010", "MÄTERIAL", "D1")
    assert (row["EDI_DC40"]["DOCNUM"], row["EDI_DC40"]["SNDPRN"]) == ("2", "S1")
    assert row["EDI_DC40"]["CREDAT"] == "20261124"


def test_flat_and_xml_of_one_document_have_the_same_key(
    store: Callable[..., IdocStore],
) -> None:
    xml = delivery("1", "D1", {10: 100.0}).replace(
        "<SNDPRN>", "<SNDPOR>SAPQ01</SNDPOR><SNDPRT>LS</SNDPRT><MANDT>800</MANDT><SNDPRN>"
    )
    read = store(layouts=LAYOUTS).read(flat("1", {10: 100.0})).read(xml)
    assert len(read.rows) == 1


def test_a_flat_idoc_without_layouts_names_the_remedy(store: Callable[..., IdocStore]) -> None:
    (reason,) = store().read(flat("1", TWO)).reasons
    assert "E2EDL20004, E2EDL24005" in reason
    assert "`definitions`" in reason
    assert "WE60" in reason


def test_an_empty_layout_ignores_a_segment(store: Callable[..., IdocStore]) -> None:
    content = flat("1", TWO) + _segment("Z2MORE001", "1", 9, 1, "x") + "\n"
    assert "Z2MORE001" in store(layouts=LAYOUTS).read(content).reasons[0]
    read = store(layouts={**LAYOUTS, "Z1MORE": {}}).read(content)
    assert (read.quantities, read.reasons) == ([50.0, 100.0], [])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (flat("1", TWO).replace("000002000001", "000002000007"), "belongs to segment 000007"),
        (flat("1", TWO).replace("000002000001", "00000X000001"), "has no number"),
    ],
)
def test_a_damaged_flat_idoc_is_rejected(
    store: Callable[..., IdocStore], content: str, reason: str
) -> None:
    read = store(layouts=LAYOUTS).read(content + flat("2", {10: 7.0}))
    assert reason in read.reasons[0]
    assert read.quantities == [7.0]


def test_a_parser_file_without_segments_is_refused(tmp_path: Path) -> None:
    (tmp_path / "parser.txt").write_text("something else")
    options = {"inbox": {"folder": "in"}, "definitions": str(tmp_path / "parser.txt")}
    with pytest.raises(ValueError, match="WE60"):
        IdocConfig.model_validate(options)

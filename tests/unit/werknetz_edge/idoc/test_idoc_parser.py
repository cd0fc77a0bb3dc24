"""IDocs as lines with parent and sibling segments, without duplicates; XML bombs are refused."""

import random
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plumbing.processor import slowness
from plumbing.tables import local_file
from werknetz.connector.contract import Delivery, SourceRecord
from werknetz.connector.normalize import Normalizer
from werknetz.events.batch import BusinessEvent, Unmapped
from werknetz.events.facts import body_of, kind_of
from werknetz_edge.config import load_config
from werknetz_edge.files.connector import Chunk
from werknetz_edge.files.inbox import FileRefused
from werknetz_edge.idoc.config import IdocConfig
from werknetz_edge.idoc.parser import IdocParser

EXAMPLE = Path(__file__).resolve().parents[4] / "deploy/edge/examples/idoc.yaml"


def control(number: str, kind: str, more: str = "") -> str:
    return f"""<EDI_DC40 SEGMENT="1"><DOCNUM>{number}</DOCNUM><IDOCTYP>{kind}</IDOCTYP>
    <SNDPOR>SAPQ01</SNDPOR><SNDPRT>LS</SNDPRT><SNDPRN>SUPPLIER1</SNDPRN>
    <CREDAT>20261124</CREDAT><CRETIM>063000</CRETIM>{more}</EDI_DC40>"""


def delivery(number: str, lines: int = 2, more: str = "") -> str:
    items = "".join(
        f"""<E1EDL24 SEGMENT="1"><POSNR>{n:06}</POSNR><MATNR>S-{n}</MATNR><KDMAT>C-{n}</KDMAT>
        <LFIMG>{n}.500</LFIMG><VRKME>PCE</VRKME>
        <E1EDL41 SEGMENT="1"><QUALI>001</QUALI><BSTNR>4500000{n}</BSTNR></E1EDL41></E1EDL24>"""
        for n in range(1, lines + 1)
    )
    return f"""<IDOC BEGIN="1">{control(number, "DELVRY07", more)}
    <E1EDL20 SEGMENT="1"><VBELN>008{number}</VBELN>
    <E1ADRM1 SEGMENT="1"><PARTNER_Q>WE</PARTNER_Q><PARTNER_ID>WERK1</PARTNER_ID></E1ADRM1>
    <E1EDT13 SEGMENT="1"><QUALF>006</QUALF><NTANF>20261124</NTANF></E1EDT13>
    <E1EDT13 SEGMENT="1"><QUALF>007</QUALF><NTANF>00000000</NTANF></E1EDT13>
    {items}
    <E1EDL37 SEGMENT="1"><EXIDV>HU1</EXIDV></E1EDL37></E1EDL20></IDOC>"""


ORDERS = f"""<?xml version="1.0" encoding="iso-8859-1"?><ORDERS05><IDOC BEGIN="1">
{control("77", "ORDERS05")}
<E1EDK01 SEGMENT="1"><BELNR>4500012345</BELNR></E1EDK01>
<E1EDK03 SEGMENT="1"><IDDAT>012</IDDAT><DATUM>20261120</DATUM></E1EDK03>
<E1EDK03 SEGMENT="1"><IDDAT>002</IDDAT><DATUM>20261215</DATUM></E1EDK03>
<E1EDKA1 SEGMENT="1"><PARVW>AG</PARVW><PARTN>NORDWERK</PARTN></E1EDKA1>
<E1EDKA1 SEGMENT="1"><PARVW>WE</PARVW><PARTN>EMDEN</PARTN></E1EDKA1>
<E1EDP01 SEGMENT="1"><POSEX>000010</POSEX><MENGE>30</MENGE><MENEE>PCE</MENEE>
 <E1EDP20 SEGMENT="1"><WMENG>10.000</WMENG><EDATU>20261201</EDATU></E1EDP20>
 <E1EDP20 SEGMENT="1"><WMENG>20.000</WMENG><EDATU>20261208</EDATU></E1EDP20>
 <E1EDP19 SEGMENT="1"><QUALF>001</QUALF><IDTNR>M-1</IDTNR><KTEXT>Blech \xfc</KTEXT></E1EDP19>
</E1EDP01>
<E1EDP01 SEGMENT="1"><POSEX>000020</POSEX><MENGE>5</MENGE><MENEE>PCE</MENEE>
 <E1EDP19 SEGMENT="1"><QUALF>001</QUALF><IDTNR>M-2</IDTNR></E1EDP19></E1EDP01>
</IDOC></ORDERS05>""".replace("IDDAT", "QUALF")

MOVES = [("101", "12"), ("261", "5"), ("999", "1"), ("101", "3.5-")]
MOVEMENTS = f"""<MBGMCR03><IDOC BEGIN="1">{control("88", "MBGMCR03")}<E1MBGMCR SEGMENT="1">
<E1BP2017_GM_HEAD_01 SEGMENT="1"><PSTNG_DATE>20261124</PSTNG_DATE><REF_DOC_NO>LS1</REF_DOC_NO>
</E1BP2017_GM_HEAD_01>
{"".join(
    f'''<E1BP2017_GM_ITEM_CREATE SEGMENT="1"><MATERIAL>M-{n}</MATERIAL><PLANT>1000</PLANT>
    <MOVE_TYPE>{move}</MOVE_TYPE><ENTRY_QNT>{quantity}</ENTRY_QNT><ENTRY_UOM>PCE</ENTRY_UOM>
    </E1BP2017_GM_ITEM_CREATE>'''
    for n, (move, quantity) in enumerate(MOVES)
)}</E1MBGMCR></IDOC></MBGMCR03>"""  # fmt: skip


@pytest.fixture
def parse(tmp_path: Path) -> Callable[..., list[Chunk]]:
    def parse(content: str | bytes, **options: Any) -> list[Chunk]:
        path = tmp_path / "idoc.xml"
        path.write_bytes(content.encode("latin-1") if isinstance(content, str) else content)
        config = IdocConfig.model_validate({"inbox": {"folder": str(tmp_path)}, **options})
        return list(IdocParser(config).parse(local_file(path)))

    return parse


def _records(chunks: list[Chunk]) -> list[SourceRecord]:
    return [record for chunk in chunks for record in chunk.records]


def _map_chunks(chunks: list[Chunk]) -> tuple[list[tuple[str, dict[str, Any]]], list[Unmapped]]:
    normalizer = Normalizer(load_config(EXAMPLE).mapping, "sap")
    results = [
        record
        for chunk in chunks
        for record in normalizer.normalize(Delivery(records=chunk.records), 1_795_000_000_000_000)
    ]
    events = [record for record in results if isinstance(record, BusinessEvent)]
    bad = [record for record in results if isinstance(record, Unmapped)]
    return [(kind_of(e.fact).partition(".")[0], body_of(e.fact)) for e in events], bad


def _us(*day: int) -> int:
    return int(datetime(*day, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[misc,arg-type]


def test_a_delivery(parse: Callable[..., list[Chunk]]) -> None:
    chunks = parse(f"<DELVRY07>{delivery('1')}</DELVRY07>", zone="Europe/Berlin")
    first, second = _records(chunks)
    assert first.source == "idoc/DELVRY07/E1EDL24"
    assert first.item == "IDOC 1 of idoc.xml, /E1EDL20[1]/E1EDL24[1]"
    assert first.source_time_us == _us(2026, 11, 24, 5, 30)
    assert first.fields["E1EDL20"]["VBELN"] == "0081"
    assert first.fields["E1EDT13:007"]["NTANF"] == ""
    assert first.fields["E1EDL37"]["EXIDV"] == "HU1"
    assert second.fields["POSNR"] == "000002"
    (message,) = chunks[0].messages
    assert first.message_hash == message.hash
    assert b"<VBELN>0081</VBELN>" in message.content
    (kind, body), _ = _map_chunks(chunks)[0]
    assert kind == "shipment_announced"
    assert body["quantity"] == 1.5
    assert (body["ship_to"], body["supplier"], body["order_number"]) == (
        "WERK1", "SUPPLIER1", "45000001",
    )  # fmt: skip
    assert body["despatched_us"] == _us(2026, 11, 23, 23)
    assert body.get("arrives_us") is None


def test_an_order_with_and_without_schedule_lines(parse: Callable[..., list[Chunk]]) -> None:
    events, bad = _map_chunks(parse(ORDERS))
    assert not bad
    assert [(b["line"], b["material"], b["quantity"], b.get("due_from_us")) for _, b in events] == [
        ("000010", "M-1", 10.0, _us(2026, 11, 30, 23)),
        ("000010", "M-1", 20.0, _us(2026, 12, 7, 23)),
        ("000020", "M-2", 5.0, _us(2026, 12, 14, 23)),
    ]
    assert {kind for kind, _ in events} == {"delivery_called_off"}
    assert events[0][1]["description"] == "Blech ü"
    assert events[0][1]["customer"] == "NORDWERK"
    assert events[0][1]["document_us"] == _us(2026, 11, 19, 23)


def test_a_repeated_qualifier_is_numbered(parse: Callable[..., list[Chunk]]) -> None:
    texts = "".join(
        f"<E1EDP19 SEGMENT='1'><QUALF>001</QUALF><IDTNR>{n}</IDTNR></E1EDP19>" for n in (1, 2, 3)
    )
    line = f"<E1EDP01 SEGMENT='1'><POSEX>1</POSEX>{texts}</E1EDP01>"
    (record,) = _records(
        parse(f"<ORDERS05><IDOC>{control('1', 'ORDERS05')}{line}</IDOC></ORDERS05>")
    )
    names = ("E1EDP19:001", "E1EDP19:001:2", "E1EDP19:001:3")
    assert [record.fields[name]["IDTNR"] for name in names] == ["1", "2", "3"]


def test_goods_movements_by_their_type(parse: Callable[..., list[Chunk]]) -> None:
    events, bad = _map_chunks(parse(MOVEMENTS))
    moved = [(b["material"], b["quantity"]) for kind, b in events if kind == "stock_moved"]
    assert moved == [("M-0", 12.0), ("M-1", -5.0), ("M-3", -3.5)]
    received = [b for kind, b in events if kind == "goods_received"]
    assert [b["delivery_note"] for b in received] == ["LS1", "LS1"]
    assert [b.source for b in bad] == ["idoc/MBGMCR03/E1BP2017_GM_ITEM_CREATE/999"]


def test_several_idocs_and_a_repeated_one(parse: Callable[..., list[Chunk]]) -> None:
    both = delivery("1") + delivery("2")
    first, second, third, fourth = _records(parse(f"<DELVRY07>{both}</DELVRY07>"))
    repeated = _records(parse(f"<DELVRY07>\n\n{delivery('2')}</DELVRY07>"))
    assert [r.key for r in repeated] == [third.key, fourth.key]
    assert len({r.key for r in (first, second, third, fourth)}) == 4


def test_a_rejected_idoc_has_a_reason(parse: Callable[..., list[Chunk]]) -> None:
    head = f"<IDOC>{control('1', 'DELVRY07')}<E1EDL20><VBELN>1</VBELN></E1EDL20></IDOC>"
    content = f"<DELVRY07>{head}{delivery('2', more='<TEST>X</TEST>')}{delivery('3')}</DELVRY07>"
    (chunk,) = parse(content)
    assert [b.item for b in chunk.rejects] == ["IDOC 1 of idoc.xml", "IDOC 2 of idoc.xml"]
    assert "it has no line (E1EDL24" in chunk.rejects[0].reason
    assert "`rows`" in chunk.rejects[0].reason
    assert "test" in chunk.rejects[1].reason
    assert len(chunk.records) == 2
    assert len(_records(parse(content, tests="accept"))) == 4
    (accepted,) = parse(content, tests="accept", empty="accept")
    assert not accepted.rejects
    assert len(accepted.messages) == 3


def test_chunks_do_not_depend_on_the_options(parse: Callable[..., list[Chunk]]) -> None:
    content = f"<DELVRY07>{''.join(delivery(str(n)) for n in range(1, 451))}</DELVRY07>"
    cut = [len(chunk.messages) for chunk in parse(content)]
    assert cut == [200, 200, 50]
    assert cut == [len(chunk.messages) for chunk in parse(content, rows=["E1EDL37"])]


LAUGHS = """<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>
<DELVRY07><IDOC><EDI_DC40><DOCNUM>&b;</DOCNUM></EDI_DC40></IDOC></DELVRY07>"""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (LAUGHS, "no DTD and no entities"),
        ('<!DOCTYPE d SYSTEM "file:///etc/passwd"><d/>', "no DTD"),
        ("<a><IDOC>", "well-formed"),
        ("", "well-formed"),
        ("no xml at all", "well-formed"),
        ("<ORDERS05/>", "no IDOC element"),
        ("<IDOC/>", "around it"),
        ('<?xml version="1.0" encoding="martian"?><a/>', "well-formed"),
        ("<a>" * 100, "deeper"),
        ("<a><b>" + "x" * 9_000_000, "without an end"),
        ("<a><IDOC>" + "<b/>" * 600_000, "more than 500000"),
    ],
    ids=["laughs", "external", "cut", "empty", "text", "none", "root", "encoding", "deep", "long",
         "many"],
)  # fmt: skip
def test_bombs_and_invalid_files_are_refused(
    parse: Callable[..., list[Chunk]], content: str, message: str
) -> None:
    before_kb, began_s = _peak_kb(), time.process_time()
    with pytest.raises(FileRefused, match=message):
        parse(content)
    assert time.process_time() - began_s < 5.0 * slowness()
    assert _peak_kb() - before_kb < 256_000


def test_many_lines_with_many_siblings_take_linear_time(
    parse: Callable[..., list[Chunk]],
) -> None:
    texts = "<E1EDKT1 SEGMENT='1'><TDID>x</TDID></E1EDKT1>" * 5_000
    items = "<E1EDP01 SEGMENT='1'><POSEX>1</POSEX></E1EDP01>" * 8_000
    began_s = time.process_time()
    (chunk,) = parse(f"<ORDERS05><IDOC>{control('1', 'ORDERS05')}{texts}{items}</IDOC></ORDERS05>")
    assert len(chunk.records) == 8_000
    (reject,) = chunk.rejects
    assert "4701 segments beside its lines" in reject.reason  # one is the control record
    assert time.process_time() - began_s < 5.0 * slowness()


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=2_000), st.integers(0, 2**32))
def test_arbitrary_bytes_are_read_or_refused(
    parse: Callable[..., list[Chunk]], content: bytes, seed: int
) -> None:
    damaged = bytearray(ORDERS.encode("latin-1"))
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 6)):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    for given_bytes in (content, bytes(damaged)):
        try:
            _map_chunks(parse(given_bytes))
        except FileRefused:
            continue  # a refusal is correct, too


def _peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

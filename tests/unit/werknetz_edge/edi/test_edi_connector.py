"""From an edge file to a connector, and from an EDI file to deliveries."""

import asyncio
from pathlib import Path

import pytest

from plumbing.shared import ROOT
from plumbing.waiting import until
from werknetz.connector.contract import Delivery
from werknetz_edge.config import load_config
from werknetz_edge.edge import create_connector
from werknetz_edge.edi import create
from werknetz_edge.edi.config import EdiConfig
from werknetz_edge.edi.parser import EdiParser
from werknetz_edge.edi.profile import Partners
from werknetz_edge.files.connector import Chunk, FileConnector

EXAMPLES = sorted((ROOT / "deploy" / "edge" / "examples").glob("edi-*.yaml"))
CASES = Path(__file__).parent / "cases"
INTERCHANGE = (
    "UNB+UNOC:3+A+B+260101:0101+R{n}'UNH+1+DESADV:D:96A:UN'BGM+351+N{n}'DTM+11:20260112:102'"
    "LIN+++X:IN'QTY+12:{n}'UNT+6+1'UNZ+1+R{n}'"
)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 2


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_valid(path: Path) -> None:
    config = load_config(path)
    options = EdiConfig.model_validate(config.options)
    assert options.partners
    if options.inbox.sftp is None:
        assert isinstance(create_connector(config), FileConnector)


def _create(tmp_path: Path, **options: object) -> FileConnector:
    inbox = {"folder": str(tmp_path / "in"), "settle_s": 0, "poll_s": 0.02}
    connector = create("edi", {"inbox": inbox, **options}, tmp_path / "state")
    assert isinstance(connector, FileConnector)
    return connector


async def _until(connector: FileConnector, moved: Path) -> list[Delivery]:
    """Return the deliveries until the file is moved."""
    deliveries: list[Delivery] = []

    async def read_all() -> None:
        while True:
            delivery = await connector.read()
            await delivery.acknowledge()
            deliveries.append(delivery)

    reading = asyncio.create_task(read_all())
    try:
        await until(moved.exists, within_s=60)
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    return deliveries


@pytest.mark.asyncio
async def test_a_file_becomes_deliveries_and_is_moved_to_done(tmp_path: Path) -> None:
    inbox = tmp_path / "in"
    inbox.mkdir()
    (inbox / "one.edi").write_text(INTERCHANGE.format(n=1))
    connector = _create(tmp_path)
    await connector.connect()
    try:
        (delivery,) = await _until(connector, inbox / "done" / "one.edi")
        (record,) = delivery.records
        assert (record.source, record.item) == ("edi/A/DESADV", "UNH 1 LIN 1")
        (message,) = delivery.messages
        assert message.hash == record.message_hash
        assert connector.status.details["messages"] == "1"
        (inbox / "letter.edi").write_text("Dear Sir or Madam")
        (delivery,) = await _until(connector, inbox / "failed" / "letter.edi")
        assert "neither EDIFACT" in delivery.unreadable[0].reason
    finally:
        await connector.close()


@pytest.mark.asyncio
async def test_a_repeated_file_is_read_again_after_a_change_of_its_profile(
    tmp_path: Path,
) -> None:
    inbox = tmp_path / "in"
    inbox.mkdir()
    content = INTERCHANGE.format(n=1).replace("QTY+12:", "QTY+99:")
    (inbox / "one.edi").write_text(content)
    connector = _create(tmp_path)
    await connector.connect()
    (refused,) = await _until(connector, inbox / "done" / "one.edi")
    assert "QTY+99" in refused.unreadable[0].reason
    await connector.close()
    (inbox / "one.edi").write_text(content)
    profile = {"name": "A", "qualifiers": {"quantities": {"99": "despatched"}}}
    connector = _create(tmp_path, partners=[profile])
    await connector.connect()
    try:
        (read,) = await _until(connector, inbox / "done" / "one.1.edi")
        assert [record.fields["quantity"] for record in read.records] == [1.0]
    finally:
        await connector.close()


@pytest.mark.asyncio
async def test_a_reference_is_known_after_a_restart(tmp_path: Path) -> None:
    inbox = tmp_path / "in"
    inbox.mkdir()
    reasons = []
    for n, content in enumerate(
        [INTERCHANGE.format(n=1), INTERCHANGE.format(n=1).replace("12:1'", "12:2'")]
    ):
        (inbox / f"{n}.edi").write_text(content)
        connector = _create(tmp_path)
        await connector.connect()
        (delivery,) = await _until(connector, inbox / "done" / f"{n}.edi")
        reasons.append([entry.reason for entry in delivery.unreadable])
        await connector.close()
    assert reasons[0] == []
    assert "used before with other content" in reasons[1][0]


FORMER = {
    "vda4913_notes_and_packages/input.vda": [
        "625096807b29c11b602ca977a7d9c53c3731342031",
        "625096807b29c11b602ca977a7d9c53c3731342032",
        "a816faf59c822ed7fedb3668fdef04163731342031",
    ],
    "delfor_d96a_condition_after_quantity/input.edi": [
        *(f"6e0ebace28833dfe2f9e26438815b38a4c494e203120515459203{n}" for n in range(1, 6)),
        "6e0ebace28833dfe2f9e26438815b38a4c494e2032205154592031",
    ],
}
"""Identities of version 0.1, as hexadecimal text."""


@pytest.mark.parametrize("name", FORMER)
def test_a_file_that_the_version_before_has_read_keeps_its_identities(name: str) -> None:
    """The ledger of that version has control references without a mark, and no documents."""

    def parse(ledger: dict[bytes, bytes]) -> Chunk:
        parser = EdiParser(Partners(), "UTC", get_state=ledger.get)
        (chunk,) = parser.parse_bytes((CASES / name).read_bytes(), 0)
        return chunk

    first = parse({})
    assert not any(record.has_former_identity for record in first.records)
    references = {key: value for key, value in first.state_updates if b"document" not in key[:8]}
    again = parse({key: value[:16] for key, value in references.items()})
    assert [record.key.hex() for record in again.records] == FORMER[name]
    assert all(record.has_former_identity for record in again.records)
    assert (len(references), again.group_ends, again.state_updates) == (1, [], [])

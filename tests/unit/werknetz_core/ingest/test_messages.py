"""What the writer reads from stream entries, and from batches before it opens a transaction."""

import msgspec
import pytest
from prometheus_client import REGISTRY

from plumbing.delivery import FakeSpool, point, samples
from plumbing.logs import capture_log
from werknetz.link.receiver import Receiver
from werknetz.link.redis import StreamEntry
from werknetz.link.wire import encode_message
from werknetz_core.ingest import writer
from werknetz_core.ingest.spool_batches import SpoolBatches, times_of
from werknetz_core.ingest.writer import EPOCH_MAX


def entry(message: object) -> StreamEntry:
    return StreamEntry("plc", "1-0", encode_message(message))  # type: ignore[arg-type]  # any


def unreadable() -> float:
    return REGISTRY.get_sample_value("werknetz_ingest_unreadable_total") or 0.0


@pytest.mark.parametrize("epoch", [0, 1, EPOCH_MAX])
def test_a_hello_with_an_epoch_that_can_be_stored_is_read(epoch: int) -> None:
    hello = msgspec.structs.replace(FakeSpool().hello(), epoch=epoch)
    assert writer._messages([entry(hello)]) == [hello]


@pytest.mark.parametrize("epoch", [-1, EPOCH_MAX + 1])
def test_what_cannot_be_read_is_counted_logged_and_skipped(
    epoch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = capture_log(monkeypatch, writer)
    before = unreadable()
    hello = msgspec.structs.replace(FakeSpool().hello(), epoch=epoch)
    batch = msgspec.structs.replace(FakeSpool().add(point()), epoch=epoch)  # fenced later
    entries = [entry(hello), StreamEntry("plc", "2-0", {b"m": b"\xc1"}), entry(batch)]
    assert writer._messages(entries) == [batch]
    assert unreadable() == before + 2
    assert [event["event"] for event in log] == ["unreadable entry"] * 2
    assert log[0]["error"] == f"a hello with the epoch {epoch}"
    assert {event["connector"] for event in log} == {"plc"}


def test_batches_are_grouped_by_their_spool() -> None:
    spool = FakeSpool()
    assert writer._kind(spool.add(point())) == spool.spool_id
    assert writer._kind(spool.hello()) is None


def test_only_samples_have_times_to_make_partitions_for() -> None:
    spool = FakeSpool()
    batches = [spool.add(record) for record in (point(), samples([1.0, 2.0]))]
    receiver = Receiver("plc", spool.spool_id)
    assert len(times_of([SpoolBatches.open(receiver, batches)])) == 2
    assert len(times_of([SpoolBatches.open(receiver, batches[:1])])) == 0

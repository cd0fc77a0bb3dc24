"""The queue between requests and pump, at the moments at which an edge may be killed."""

import asyncio
import io

import pytest

from werknetz.connector.contract import Delivery
from werknetz_edge.documents.config import DocumentConfig
from werknetz_edge.documents.dedup import IDENTITY_BYTES, RowDedup
from werknetz_edge.documents.prepare import PreparedPart, RowReader, identity_of_paths, prepare_part
from werknetz_edge.documents.rows import read_parts
from werknetz_edge.webhook import intake as intake_module
from werknetz_edge.webhook.intake import Intake, NotStored, RowOutcome

pytestmark = pytest.mark.asyncio
CONFIG = DocumentConfig(payload="ndjson", key="id")


def prepare(
    *rows: str, config: DocumentConfig = CONFIG, request_key: bytes = b"request"
) -> PreparedPart:
    (part,) = read_parts(io.BytesIO("\n".join(rows).encode()), config)
    return prepare_part(
        part, "x", request_key, identity_of=lambda row: identity_of_paths("x", config.key, row),
        read_row=RowReader("x", config).read_row, at_us=1,
    )  # fmt: skip


def submit_part(
    intake: Intake, part: PreparedPart, timeout_s: float = 5
) -> "asyncio.Task[list[RowOutcome]]":
    return asyncio.ensure_future(intake.store(part, timeout_s))


async def next_delivery(intake: Intake) -> Delivery:
    await asyncio.sleep(0)
    delivery = intake.next_delivery()
    assert delivery is not None
    return delivery


def statuses_of(outcomes: list[RowOutcome]) -> list[str]:
    return [outcome.status for outcome in outcomes]


async def test_no_result_before_the_acknowledgement() -> None:
    intake = Intake()
    first, second = (
        submit_part(intake, prepare('{"id":1}')),
        submit_part(intake, prepare('{"id":1}', '{"id":2}')),
    )
    delivery = await next_delivery(intake)
    assert len(delivery.records) == 2
    again = submit_part(intake, prepare('{"id":2}'))
    await asyncio.sleep(0)
    assert intake.next_delivery() is None  # it waits for the delivery in progress
    await asyncio.sleep(0.01)
    assert not any(task.done() for task in (first, second, again))
    await delivery.acknowledge()
    assert statuses_of(await first) == ["accepted"]
    assert statuses_of(await second) == ["duplicate", "accepted"]
    assert statuses_of(await again) == ["duplicate"]
    later = submit_part(intake, prepare('{"id":2}'))
    await asyncio.sleep(0)
    assert intake.next_delivery() is None
    assert statuses_of(await later) == ["duplicate"]


async def test_killed_between_commit_and_answer() -> None:
    """The keys are in the spool, the sender got no response: its repetition is a duplicate."""
    intake = Intake()
    first = submit_part(intake, prepare('{"id":1}'))
    delivery = await next_delivery(intake)
    committed = list(delivery.checkpoints)
    intake.close()
    with pytest.raises(NotStored):
        await first
    dedup = RowDedup()
    dedup.add(committed)
    after = Intake(dedup)
    again = submit_part(after, prepare('{"id":1}'))
    await asyncio.sleep(0)
    assert after.next_delivery() is None
    assert statuses_of(await again) == ["duplicate"]


async def test_killed_before_the_commit() -> None:
    intake = Intake()
    first = submit_part(intake, prepare('{"id":1}'))
    delivery = await next_delivery(intake)
    intake.close()
    await delivery.acknowledge()  # of a session that has ended: without effect
    with pytest.raises(NotStored):
        await first
    with pytest.raises(NotStored, match="stopping"):
        await intake.store(prepare('{"id":2}'), 1)
    after = Intake(intake.dedup)
    again = submit_part(after, prepare('{"id":1}'))
    await (await next_delivery(after)).acknowledge()
    assert statuses_of(await again) == ["accepted"]


async def test_an_expired_submission_is_dropped_or_stored_late() -> None:
    intake = Intake()
    with pytest.raises(NotStored, match=r"within 0\.01 s"):
        await intake.store(prepare('{"id":1}'), 0.01)
    assert intake.next_delivery() is None
    waiting = submit_part(intake, prepare('{"id":1}'), 0.05)
    delivery = await next_delivery(intake)
    with pytest.raises(NotStored):
        await waiting
    await delivery.acknowledge()  # late, but on disk
    again = submit_part(intake, prepare('{"id":1}'))
    await asyncio.sleep(0)
    assert intake.next_delivery() is None
    assert statuses_of(await again) == ["duplicate"]


async def test_the_queue_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "SUBMISSIONS_MAX", 2)
    monkeypatch.setattr(intake_module, "DELIVERY_ROWS", 3)
    intake = Intake()
    waiting = [submit_part(intake, prepare(f'{{"id":{n}}}', f'{{"id":"b{n}"}}')) for n in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(NotStored, match="faster than"):
        await intake.store(prepare('{"id":9}'), 1)
    delivery = await next_delivery(intake)
    assert len(delivery.records) == 4
    await delivery.acknowledge()
    await asyncio.gather(*waiting)
    monkeypatch.setattr(intake_module, "BYTES_MAX", 4)
    with pytest.raises(NotStored, match="faster than"):
        await intake.store(prepare('{"id":10}'), 1)


async def test_conflicts_within_one_delivery() -> None:
    intake = Intake()
    submissions = [
        submit_part(intake, prepare('{"id":1,"a":1}')),
        submit_part(intake, prepare('{"id":1,"a":2}')),
    ]
    delivery = await next_delivery(intake)
    assert [len(delivery.records), len(delivery.unreadable)] == [1, 1]
    await delivery.acknowledge()
    assert [statuses_of(outcomes) for outcomes in await asyncio.gather(*submissions)] == [
        ["accepted"], ["quarantined"],
    ]  # fmt: skip


async def test_rows_without_a_key_are_identified_by_their_request() -> None:
    without_key = DocumentConfig(payload="ndjson")
    intake = Intake()

    async def submit(key: bytes, *rows: str) -> list[str]:
        task = submit_part(intake, prepare(*rows, config=without_key, request_key=key))
        await asyncio.sleep(0)
        delivery = intake.next_delivery()
        if delivery is not None:
            assert len(delivery.checkpoints) == 1
            await delivery.acknowledge()
        return statuses_of(await task)

    assert await submit(b"a", '{"n":1}', '{"n":1}') == ["accepted", "accepted"]
    assert await submit(b"a", '{"n":1}', '{"n":1}') == ["duplicate", "duplicate"]
    assert await submit(b"b", '{"n":1}', '{"n":1}') == ["accepted", "accepted"]
    # One Idempotency-Key for two bodies: a person must see the second.
    assert await submit(b"a", '{"n":1}', '{"n":2}') == ["quarantined", "quarantined"]


async def test_the_oldest_keys_are_dropped_first() -> None:
    dedup = RowDedup()
    keys = [n.to_bytes(IDENTITY_BYTES, "big") + b"content!" for n in range(70_000)]
    dedup.add(keys)
    assert dedup.check(keys[0]) == "new"
    assert dedup.check(keys[-65_536]) == "duplicate"
    assert dedup.check(keys[-1][:IDENTITY_BYTES] + b"another!") == "conflict"


@pytest.mark.parametrize("pending", [True, False], ids=["at once", "later"])
async def test_a_correction_is_delivered_where_it_is_accepted(pending: bool) -> None:
    intake, config = Intake(), DocumentConfig(payload="ndjson", key="id", version="v")

    def correct(quantity: int, version: int) -> "asyncio.Task[list[RowOutcome]]":
        row = f'{{"id":1,"q":{quantity},"v":{version}}}'
        (part,) = read_parts(io.BytesIO(row.encode()), config)
        reader = RowReader("x", config, can_revise=True)
        prepared = prepare_part(
            part, "x", b"request", read_row=reader.read_row, at_us=1,
            identity_of=lambda row: identity_of_paths("x", config.key, row),
        )  # fmt: skip
        return submit_part(intake, prepared)

    deliveries = []
    tasks = [correct(500, 1)]
    first = await next_delivery(intake)
    if not pending:
        await first.acknowledge()
    tasks.append(correct(450, 2))
    deliveries.append(await next_delivery(intake))
    if pending:
        await first.acknowledge()
    await deliveries[0].acknowledge()
    tasks.append(correct(450, 2))
    await asyncio.sleep(0)
    assert intake.next_delivery() is None
    assert intake.take_duplicates() == 1
    results = [statuses_of(outcomes) for outcomes in await asyncio.gather(*tasks)]
    assert results == [["accepted"], ["accepted"], ["duplicate"]]
    records = [*first.records, *deliveries[0].records]
    assert records[0].key == records[1].key
    assert [(r.version, r.can_revise) for r in records] == [(1, True), (2, True)]


async def test_duplicates_are_counted_for_the_books() -> None:
    intake = Intake()
    tasks = [submit_part(intake, prepare('{"id":1}', '{"id":2}')) for _ in range(3)]
    delivery = await next_delivery(intake)
    assert (len(delivery.records), delivery.duplicates) == (2, 4)
    assert all(not record.can_revise for record in delivery.records)
    await delivery.acknowledge()
    await asyncio.gather(*tasks)
    assert intake.take_duplicates() == 0

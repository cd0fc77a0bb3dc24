"""The desk between requests and pump, at the moments at which an edge dies."""

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
FORM = DocumentConfig(payload="ndjson", key="id")


def made(*rows: str, form: DocumentConfig = FORM, told: bytes = b"told") -> PreparedPart:
    (part,) = read_parts(io.BytesIO("\n".join(rows).encode()), form)
    return prepare_part(
        part, "x", told, identity_of=lambda row: identity_of_paths("x", form.key, row),
        read_row=RowReader("x", form).read_row, at_us=1,
    )  # fmt: skip


def keep(
    intake: Intake, offer: PreparedPart, within_s: float = 5
) -> "asyncio.Task[list[RowOutcome]]":
    return asyncio.ensure_future(intake.store(offer, within_s))


async def given(intake: Intake) -> Delivery:
    await asyncio.sleep(0)
    found = intake.next_delivery()
    assert found is not None
    return found


def words(outcomes: list[RowOutcome]) -> list[str]:
    return [outcome.status for outcome in outcomes]


async def test_nobody_hears_yes_before_the_acknowledgement() -> None:
    intake = Intake()
    first, second = keep(intake, made('{"id":1}')), keep(intake, made('{"id":1}', '{"id":2}'))
    delivery = await given(intake)
    assert len(delivery.records) == 2
    again = keep(intake, made('{"id":2}'))
    await asyncio.sleep(0)
    assert intake.next_delivery() is None  # it waits for the one that was given out
    await asyncio.sleep(0.01)
    assert not any(task.done() for task in (first, second, again))
    await delivery.acknowledge()
    assert words(await first) == ["accepted"]
    assert words(await second) == ["duplicate", "accepted"]
    assert words(await again) == ["duplicate"]
    later = keep(intake, made('{"id":2}'))
    await asyncio.sleep(0)
    assert intake.next_delivery() is None
    assert words(await later) == ["duplicate"]


async def test_killed_between_commit_and_answer() -> None:
    """The marks are in the spool, the sender has heard nothing: its repetition is a duplicate."""
    intake = Intake()
    first = keep(intake, made('{"id":1}'))
    delivery = await given(intake)
    committed = list(delivery.checkpoints)
    intake.close()
    with pytest.raises(NotStored):
        await first
    known = RowDedup()
    known.add(committed)
    after = Intake(known)
    again = keep(after, made('{"id":1}'))
    await asyncio.sleep(0)
    assert after.next_delivery() is None
    assert words(await again) == ["duplicate"]


async def test_killed_before_the_commit() -> None:
    intake = Intake()
    first = keep(intake, made('{"id":1}'))
    delivery = await given(intake)
    intake.close()
    await delivery.acknowledge()  # of a session that has ended: nobody is told, nothing is known
    with pytest.raises(NotStored):
        await first
    with pytest.raises(NotStored, match="stopping"):
        await intake.store(made('{"id":2}'), 1)
    after = Intake(intake.dedup)
    again = keep(after, made('{"id":1}'))
    await (await given(after)).acknowledge()
    assert words(await again) == ["accepted"]


async def test_who_has_gone_is_not_kept_for() -> None:
    intake = Intake()
    with pytest.raises(NotStored, match=r"within 0\.01 s"):
        await intake.store(made('{"id":1}'), 0.01)
    assert intake.next_delivery() is None
    waiting = keep(intake, made('{"id":1}'), 0.05)
    delivery = await given(intake)
    with pytest.raises(NotStored):
        await waiting
    await delivery.acknowledge()  # late, but on disk
    again = keep(intake, made('{"id":1}'))
    await asyncio.sleep(0)
    assert intake.next_delivery() is None
    assert words(await again) == ["duplicate"]


async def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "OFFERS_MAX", 2)
    monkeypatch.setattr(intake_module, "DELIVERY_ROWS", 3)
    intake = Intake()
    waiting = [keep(intake, made(f'{{"id":{n}}}', f'{{"id":"b{n}"}}')) for n in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(NotStored, match="more is coming"):
        await intake.store(made('{"id":9}'), 1)
    delivery = await given(intake)
    assert len(delivery.records) == 4
    await delivery.acknowledge()
    await asyncio.gather(*waiting)
    monkeypatch.setattr(intake_module, "BYTES_MAX", 4)
    with pytest.raises(NotStored, match="more is coming"):
        await intake.store(made('{"id":10}'), 1)


async def test_contradictions_within_one_delivery() -> None:
    intake = Intake()
    offers = [keep(intake, made('{"id":1,"a":1}')), keep(intake, made('{"id":1,"a":2}'))]
    delivery = await given(intake)
    assert [len(delivery.records), len(delivery.unreadable)] == [1, 1]
    await delivery.acknowledge()
    assert [words(found) for found in await asyncio.gather(*offers)] == [
        ["accepted"], ["quarantined"],
    ]  # fmt: skip


async def test_rows_without_a_key_are_known_by_their_telling() -> None:
    loose = DocumentConfig(payload="ndjson")
    intake = Intake()

    async def told(word: bytes, *rows: str) -> list[str]:
        task = keep(intake, made(*rows, form=loose, told=word))
        await asyncio.sleep(0)
        delivery = intake.next_delivery()
        if delivery is not None:
            assert len(delivery.checkpoints) == 1
            await delivery.acknowledge()
        return words(await task)

    assert await told(b"a", '{"n":1}', '{"n":1}') == ["accepted", "accepted"]
    assert await told(b"a", '{"n":1}', '{"n":1}') == ["duplicate", "duplicate"]
    assert await told(b"b", '{"n":1}', '{"n":1}') == ["accepted", "accepted"]
    # One Idempotency-Key for two bodies: a person must see the second.
    assert await told(b"a", '{"n":1}', '{"n":2}') == ["quarantined", "quarantined"]


async def test_marks_fall_out_oldest_first() -> None:
    known = RowDedup()
    marks = [n.to_bytes(IDENTITY_BYTES, "big") + b"content!" for n in range(70_000)]
    known.add(marks)
    assert known.check(marks[0]) == "new"
    assert known.check(marks[-65_536]) == "known"
    assert known.check(marks[-1][:IDENTITY_BYTES] + b"another!") == "contradicts"

"""Only what the broker itself calls given again, and what is accepted, is dropped; each once."""

import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from werknetz.connector.contract import CHECKPOINTS_MAX, CheckpointColumn, ConnectorStatus
from werknetz.runtime.moment import Moment
from werknetz_edge.mqtt.broker import BrokerConfig
from werknetz_edge.mqtt.connection import BrokerConnection
from werknetz_edge.mqtt.packets import MqttMessage
from werknetz_edge.mqtt.redelivery import REMEMBERED_MAX, AcceptedMessages, checkpoint_of
from werknetz_edge.mqtt.session_file import SessionFile, StoredSession

FIRST = MqttMessage("t", b"20.1", 7, 1, dup=False, retained=False)
AGAIN = replace(FIRST, dup=True)


def _accept_first() -> AcceptedMessages:
    accepted = AcceptedMessages()
    accepted.add([checkpoint_of(FIRST)])
    return accepted


def test_a_message_may_be_given_again_until_it_is_acknowledged() -> None:
    accepted = _accept_first()
    assert not accepted.is_redelivered(FIRST, checkpoint_of(FIRST)), "an equal value that is new"
    assert accepted.is_redelivered(AGAIN, checkpoint_of(AGAIN))
    assert accepted.is_redelivered(AGAIN, checkpoint_of(AGAIN)), "NATS gives again every ack_wait"
    accepted.generation = 1
    renumbered = replace(AGAIN, mid=1)
    assert accepted.is_redelivered(renumbered, checkpoint_of(renumbered)), (
        "and once more after its restart"
    )


@pytest.mark.parametrize(
    "other",
    [
        replace(AGAIN, payload=b"20.2"),
        replace(AGAIN, topic="u"),
        replace(AGAIN, retained=True),
        replace(AGAIN, mid=8),
    ],
)
def test_another_message_is_not_known(other: MqttMessage) -> None:
    assert not _accept_first().is_redelivered(other, checkpoint_of(other))


def test_after_a_restart_the_content_is_enough() -> None:
    accepted = _accept_first()
    accepted.generation = 1
    renumbered = replace(AGAIN, mid=1)
    assert accepted.is_redelivered(renumbered, checkpoint_of(renumbered))
    other = replace(AGAIN, mid=2)
    assert not accepted.is_redelivered(other, checkpoint_of(other)), (
        "a mark stands for one message only"
    )


def test_where_no_two_are_equal_an_equal_one_is_the_same() -> None:
    accepted = _accept_first()
    for other in (FIRST, replace(FIRST, mid=9), AGAIN):
        assert accepted.is_redelivered(other, checkpoint_of(other), unique=True)
    changed = replace(FIRST, payload=b"20.2")
    assert not accepted.is_redelivered(changed, checkpoint_of(changed), unique=True)


def _marks(numbers: range) -> list[bytes]:
    return [n.to_bytes(14, "big") + b"\0\7" for n in numbers]


@pytest.mark.parametrize("is_indexed", [False, True])
def test_what_is_known_stays_bounded(is_indexed: bool) -> None:
    accepted = AcceptedMessages()
    if is_indexed:
        accepted.is_redelivered(AGAIN, checkpoint_of(AGAIN))
    for start in range(0, REMEMBERED_MAX + 512, 512):
        accepted.add(_marks(range(start, start + 512)))
    assert len(accepted) == REMEMBERED_MAX
    newest = REMEMBERED_MAX + 512
    oldest = newest - REMEMBERED_MAX
    older, oldest_left = _marks(range(oldest - 1, oldest + 1))
    assert accepted.is_redelivered(AGAIN, oldest_left)
    assert not accepted.is_redelivered(AGAIN, older)


def test_an_index_is_dropped_when_no_more_is_redelivered() -> None:
    """And what it had learned stays: a mark stands for one message only."""
    accepted = AcceptedMessages()
    accepted.add(_marks(range(10)))
    accepted.generation = 1
    first = _marks(range(1))[0]
    renumbered = first[:14] + b"\0\1"
    assert accepted.is_redelivered(AGAIN, renumbered)
    accepted.add_column(CheckpointColumn(16, b"".join(_marks(range(10, REMEMBERED_MAX)))))
    assert accepted._index is not None
    accepted.add(_marks(range(REMEMBERED_MAX, REMEMBERED_MAX + 11)))
    assert accepted._index is None
    accepted.generation = 2
    assert accepted.is_redelivered(AGAIN, _marks(range(20, 21))[0])


def test_the_index_stays_where_messages_are_unique() -> None:
    accepted = AcceptedMessages(needs_index=True)
    accepted.add([checkpoint_of(FIRST)])
    assert accepted.is_redelivered(FIRST, checkpoint_of(FIRST), unique=True)
    accepted.add(_marks(range(CHECKPOINTS_MAX)))
    accepted.add(_marks(range(CHECKPOINTS_MAX, REMEMBERED_MAX + 1)))
    assert accepted._index is not None


def test_what_is_remembered_of_a_session(tmp_path: Path) -> None:
    memory = SessionFile(tmp_path / "new" / "session.json")
    assert memory.load() is None
    memory.save("c", ["a", "b"], 5)
    memory.save_time(9)
    assert SessionFile(memory.path).load() == StoredSession("c", ["a", "b"], 9)
    memory.path.write_text("{")
    assert memory.load() is None


def test_a_clock_that_was_set_hides_no_part_of_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock is set an hour back while the process is away."""
    file = SessionFile(tmp_path / "mqtt_session.json")
    start_us = time.time_ns() // 1000
    file.save("c", ["a"], start_us)
    stored = SessionFile(file.path).load()
    assert stored is not None
    true_ns = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: true_ns() - 3_600 * 10**9)
    status = ConnectorStatus()
    connection = BrokerConnection("c", BrokerConfig(url="mqtt://localhost"), file, status)
    opened, closed = connection.gap_since(stored.moment, "session_not_present", "")
    assert opened.from_us <= start_us
    assert closed.to_us >= start_us


def test_a_session_file_of_the_version_before_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mqtt_session.json"
    path.write_text('{"client_id": "c", "filters": ["a"], "last_us": 7}')
    stored = SessionFile(path).load()
    assert stored == StoredSession("c", ["a"], 7)
    assert stored is not None
    assert stored.moment == Moment(7)

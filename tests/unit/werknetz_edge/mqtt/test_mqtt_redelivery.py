"""Only what the broker itself calls given again, and what is known, is dropped; each once."""

from dataclasses import replace
from pathlib import Path

import pytest

from werknetz.connector.contract import DEDUP_KEYS_MAX
from werknetz_edge.mqtt.redelivery import KnownMessages, mark_of
from werknetz_edge.mqtt.session import Message
from werknetz_edge.mqtt.session_file import Remembered, SessionMemory

FIRST = Message("t", b"20.1", 7, 1, dup=False, retained=False)
AGAIN = replace(FIRST, dup=True)


def _known() -> KnownMessages:
    known = KnownMessages()
    known.add([mark_of(FIRST)])
    return known


def test_a_message_may_be_given_again_until_it_is_acknowledged() -> None:
    known = _known()
    assert not known.is_again(FIRST, mark_of(FIRST)), "an equal value that is new"
    assert known.is_again(AGAIN, mark_of(AGAIN))
    assert known.is_again(AGAIN, mark_of(AGAIN)), "NATS gives again every ack_wait"
    known.generation = 1
    renumbered = replace(AGAIN, mid=1)
    assert known.is_again(renumbered, mark_of(renumbered)), "and once more after its restart"


@pytest.mark.parametrize(
    "other",
    [
        replace(AGAIN, payload=b"20.2"),
        replace(AGAIN, topic="u"),
        replace(AGAIN, retained=True),
        replace(AGAIN, mid=8),
    ],
)
def test_another_message_is_not_known(other: Message) -> None:
    assert not _known().is_again(other, mark_of(other))


def test_after_a_restart_the_content_is_enough() -> None:
    known = _known()
    known.generation = 1
    renumbered = replace(AGAIN, mid=1)
    assert known.is_again(renumbered, mark_of(renumbered))
    other = replace(AGAIN, mid=2)
    assert not known.is_again(other, mark_of(other)), "a mark stands for one message only"


def test_where_no_two_are_equal_an_equal_one_is_the_same() -> None:
    known = _known()
    for other in (FIRST, replace(FIRST, mid=9), AGAIN):
        assert known.is_again(other, mark_of(other), unique=True)
    changed = replace(FIRST, payload=b"20.2")
    assert not known.is_again(changed, mark_of(changed), unique=True)


def test_what_is_known_stays_bounded() -> None:
    known = KnownMessages()
    marks = [n.to_bytes(16, "big") for n in range(3 * DEDUP_KEYS_MAX)]
    known.add(marks)
    known.add(marks[-10:])
    assert len(known._marks) == 2 * DEDUP_KEYS_MAX
    assert sum(map(len, known._by_content.values())) == 2 * DEDUP_KEYS_MAX


def test_what_is_remembered_of_a_session(tmp_path: Path) -> None:
    memory = SessionMemory(tmp_path / "new" / "session.json")
    assert memory.load() is None
    memory.save("c", ["a", "b"], 5)
    memory.touch(9)
    assert SessionMemory(memory.path).load() == Remembered("c", ["a", "b"], 9)
    memory.path.write_text("{")
    assert memory.load() is None

"""What is on disk is remembered over a restart, and never more than that."""

import os
from pathlib import Path

import pytest

from werknetz_edge.polling.progress_file import SAVE_EVERY_US, PollProgress


def test_nothing_is_known_of_an_edge_that_never_was(tmp_path: Path) -> None:
    assert PollProgress(tmp_path / "polled.json").load() is None


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    memory = PollProgress(tmp_path / "new" / "polled.json")
    memory.stored_us = 1_700_000_000_000_000
    memory.save()
    assert PollProgress(memory.path).load() == 1_700_000_000_000_000


def test_only_what_is_acknowledged_in_order_counts(tmp_path: Path) -> None:
    memory = PollProgress(tmp_path / "polled.json", stored_us=0)
    first, second = memory.next_delivery(), memory.next_delivery()
    memory.acknowledge(second, 20)
    assert memory.stored_us == 0, "the first is still on its way"
    memory.note_quiet_poll(30)
    assert memory.stored_us == 0
    memory.acknowledge(first, 10)
    assert memory.stored_us == 10


def test_a_quiet_poll_counts_when_nothing_is_on_its_way(tmp_path: Path) -> None:
    memory = PollProgress(tmp_path / "polled.json", stored_us=0)
    memory.acknowledge(memory.next_delivery(), 10)
    memory.note_quiet_poll(20)
    assert memory.stored_us == 20
    memory.next_delivery()
    memory.note_quiet_poll(30)
    assert memory.stored_us == 20


def test_it_is_written_now_and_then_not_at_each_poll(tmp_path: Path) -> None:
    memory = PollProgress(tmp_path / "polled.json", stored_us=1_000)
    assert memory.is_due
    memory.save()
    assert not memory.is_due
    memory.note_quiet_poll(1_000 + SAVE_EVERY_US - 1)
    assert not memory.is_due
    memory.note_quiet_poll(1_000 + SAVE_EVERY_US)
    assert memory.is_due


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xff", b"[]", b'{"kept_us": "soon"}', b"null"])
def test_a_damaged_file_still_shows_an_earlier_process(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "polled.json"
    path.write_bytes(text)
    os.utime(path, ns=(0, 1_700_000_000_000_000_000))
    assert PollProgress(path).load() == 1_700_000_000_000_000

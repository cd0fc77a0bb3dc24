"""The columns of several records are those of one record with all their rows."""

import msgspec
import numpy as np
import pytest

from plumbing.delivery import NOW_US, samples
from werknetz.events.batch import Batch, Samples
from werknetz.events.codec import UnreadableBatch, columns_of, decode, encode, join_columns

TIMES = np.array([NOW_US + 5], "<i8").tobytes()


def test_rows_and_texts_stay_in_their_order() -> None:
    first, second = samples([1.0, 2.0], texts={1: "a"}), samples([3.0, 4.0], texts={0: "b", 1: "c"})
    joined = join_columns([first, samples([]), second])
    assert joined.value.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert joined.text_row.tolist() == [1, 2, 3]
    assert joined.text == ["a", "b", "c"]
    assert joined.server_time is None


def test_one_record_is_itself() -> None:
    record = samples([1.0], texts={0: "a"})
    assert join_columns([record]).text == columns_of(record).text


def test_a_servers_time_that_only_some_have_is_the_samples_own_in_the_others() -> None:
    with_time = msgspec.structs.replace(samples([1.0]), server_time=TIMES)
    joined = join_columns([samples([0.0]), with_time])
    assert joined.server_time is not None
    assert joined.server_time.tolist() == [NOW_US, NOW_US + 5]


@pytest.mark.parametrize(
    "change",
    [
        {"point": bytes(5)},
        {"point": bytes(8)},
        {"time": bytes(16)},
        {"value": b""},
        {"status": bytes(8)},
        {"server_time": bytes(16)},
        {"text_row": bytes(4)},
        {"text": ["a"]},
        {"text_row": np.array([1], "<i4").tobytes(), "text": ["a"]},
    ],
)
def test_columns_that_do_not_fit_are_no_batch(change: dict[str, object]) -> None:
    record: Samples = msgspec.structs.replace(samples([1.0]), **change)
    with pytest.raises(UnreadableBatch):
        decode(encode(Batch([record])))

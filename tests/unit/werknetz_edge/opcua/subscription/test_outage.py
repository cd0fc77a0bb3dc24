"""A gap opens while an outage lasts; resuming cancels it, a new subscription ends it by time."""

from werknetz.events.batch import GapClosed, GapOpened
from werknetz_edge.opcua.subscription.outage import OutageGap


def outage() -> OutageGap:
    gap = OutageGap()
    gap.start("plc", 1_000, "connection_lost", "cut")
    return gap


def test_a_short_interruption_is_no_gap() -> None:
    gap = outage()
    assert gap.take_for_report() == []  # the loss itself
    assert gap.close_resumed(2_000) == []
    assert gap.opened is None


def test_a_failed_attempt_opens_the_gap_once() -> None:
    gap = outage()
    gap.take_for_report()
    (opened,) = gap.take_for_report()
    assert (opened.source, opened.from_us, opened.cause) == ("plc", 1_000, "connection_lost")
    assert gap.take_for_report() == []
    assert gap.take_for_delivery() == []
    assert gap.close_resumed(2_000) == [GapClosed(opened.gap_id, 2_000, 0, backfilled=True)]


def test_a_second_loss_does_not_open_a_second_gap() -> None:
    gap = outage()
    first = gap.opened
    gap.start("plc", 5_000, "connection_lost", "again")
    assert gap.opened is first


def test_a_later_outage_is_reported_again() -> None:
    gap = outage()
    gap.take_for_report()
    gap.take_for_report()
    gap.close_resumed(2_000)
    gap.start("plc", 9_000, "connection_lost", "cut")
    assert gap.take_for_report() == []
    assert [opened.from_us for opened in gap.take_for_report()] == [9_000]


def ends(gap: OutageGap, *calls: tuple[list[int], int, float, bool]) -> list[int]:
    closed: list[GapClosed] = []
    for times, arrival_us, now_s, is_complete in calls:
        closed += gap.note_values(times, arrival_us, now_s, is_complete=is_complete)
    return [record.to_us for record in closed]


def test_it_ends_at_the_source_time_of_the_first_new_value() -> None:
    gap = outage()
    assert [type(record) for record in gap.take_for_delivery()] == [GapOpened]
    assert ends(gap, ([500, 4_000, 3_000], 5_000, 0.0, True)) == [3_000]
    assert gap.opened is None


def test_values_that_did_not_change_end_it_with_their_arrival() -> None:
    assert ends(outage(), ([500, 1_000], 5_000, 0.0, True)) == [5_000]


def test_a_time_after_the_arrival_is_not_believed() -> None:
    assert ends(outage(), ([9_000_000], 5_000, 0.0, True)) == [5_000]
    assert ends(outage(), ([5_000], 5_000, 0.0, True)) == [5_000]


def test_it_waits_for_all_initial_values_but_not_for_ever() -> None:
    assert ends(outage(), ([4_000], 5_000, 0.0, False), ([2_000], 6_000, 1.0, True)) == [2_000]
    assert ends(outage(), ([4_000], 5_000, 0.0, False), ([], 6_000, 9.9, False)) == []
    assert ends(outage(), ([4_000], 5_000, 0.0, False), ([], 6_000, 10.0, False)) == [4_000]


def test_without_an_outage_values_end_nothing() -> None:
    assert OutageGap().note_values([1], 2, 0.0, is_complete=True) == []


def test_a_later_process_closes_the_gap_that_this_one_opened() -> None:
    gap = outage()
    assert OutageGap().restore("plc", gap.checkpoint(7_000)) == 7_000  # not reported yet
    gap.take_for_report()
    (opened,) = gap.take_for_report()
    later = OutageGap()
    assert later.restore("plc", gap.checkpoint(1_000)) == 1_000
    later.start("plc", 1_000, "subscription_recreated", "the edge was not running")
    assert later.take_for_delivery() == []
    (closed,) = later.note_values([4_000], 5_000, 0.0, is_complete=True)
    assert (closed.gap_id, closed.to_us) == (opened.gap_id, 4_000)
    assert OutageGap().restore("plc", later.checkpoint(9_000)) == 9_000


def test_a_checkpoint_of_version_0_1_is_read() -> None:
    gap = OutageGap()
    assert gap.restore("plc", (123).to_bytes(8, "little")) == 123
    assert gap.opened is None

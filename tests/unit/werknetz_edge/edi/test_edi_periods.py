"""The period of a demand: the frequency of SCC (2013), dates and their formats."""

from datetime import UTC, datetime

import pytest

from plumbing.edi_documents import DocumentStore


def period_of(*entry: str, zone: str = "UTC", message: str = "DELFOR:D:97A") -> tuple[str, str]:
    store = DocumentStore(zone=zone)
    store.message(message, "BGM+241+N1+9", "LIN+1++M:IN", *entry)
    ((start_us, until_us),) = store.values_of("due_from_us", "due_until_us")
    return text_of(start_us), text_of(until_us)


def text_of(at_us: int) -> str:
    at = datetime.fromtimestamp(at_us / 1e6, UTC)
    return f"{at:%Y-%m-%d}" if (at.hour, at.minute) == (0, 0) else f"{at:%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize(
    ("frequency", "date", "start", "until", "name"),
    [
        ("M", "20260801", "2026-08-01", "2026-09-01", "month"),
        ("M", "20260817", "2026-08-01", "2026-09-01", "month"),
        ("M", "20261231", "2026-12-01", "2027-01-01", "month"),
        ("M", "20280229", "2028-02-01", "2028-03-01", "month"),
        ("W", "20260803", "2026-08-03", "2026-08-10", "week"),
        ("W", "20260809", "2026-08-03", "2026-08-10", "week"),
        ("W", "20270101", "2026-12-28", "2027-01-04", "week"),
        ("Q", "20260801", "2026-07-01", "2026-10-01", "quarter"),
        ("Q", "20261001", "2026-10-01", "2027-01-01", "quarter"),
        ("S", "20260801", "2026-07-01", "2027-01-01", "half_year"),
        ("A", "20260801", "2026-01-01", "2027-01-01", "year"),
        ("T", "20260803", "2026-08-03", "2026-08-31", "four_weeks"),
        ("G", "20260810", "2026-08-01", "2026-08-11", "ten_days"),
        ("G", "20260811", "2026-08-11", "2026-08-21", "ten_days"),
        ("G", "20260831", "2026-08-21", "2026-09-01", "ten_days"),
        ("H", "20260815", "2026-08-01", "2026-08-16", "half_month"),
        ("H", "20260816", "2026-08-16", "2026-09-01", "half_month"),
        ("D", "20260801", "2026-08-01", "2026-08-02", "day"),
        ("Y", "20260801", "2026-08-01", "2026-08-02", "day"),
        ("J", "20260801", "2026-08-01", "2026-08-02", "day"),
        ("C", "20260801", "2026-08-01", "2026-08-02", None),
        ("", "20260801", "2026-08-01", "2026-08-02", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("order", ["before", "after", "behind the date"])
def test_one_date_stands_for_the_period(
    frequency: str, date: str, start: str, until: str, name: str | None, order: str
) -> None:
    condition, quantity, due = f"SCC+4++{frequency}", "QTY+113:8400:PCE", f"DTM+2:{date}:102"
    entry = {
        "before": (condition, quantity, due),
        "after": (quantity, condition, due),
        "behind the date": (quantity, due, condition),
    }[order]
    message = "DELFOR:D:97A" if order == "before" else "DELFOR:D:96A"
    store = DocumentStore().message(message, "BGM+241+N1+9", "LIN+1++M:IN", *entry)
    assert store.values_of("quantity", "commitment", "frequency") == [(8400, "forecast", name)]
    assert period_of(*entry, message=message) == (start, until)
    assert not store.reasons


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        # dates of a period take precedence over the frequency
        (["SCC+4++M", "QTY+113:5", "DTM+2:2026081020260820:718"], ("2026-08-10", "2026-08-21")),
        (["SCC+4++W", "QTY+113:5", "DTM+64:20260810:102", "DTM+63:20260820:102"],
         ("2026-08-10", "2026-08-21")),
        (["SCC+4++F", "QTY+113:5", "DTM+64:20260810:102", "DTM+63:20260820:102"],
         ("2026-08-10", "2026-08-21")),
        (["SCC+4++M", "QTY+113:5", "DTM+2:202633:616"], ("2026-08-10", "2026-08-17")),
        # formats that are a period by themselves
        (["QTY+113:5", "DTM+2:202608:610"], ("2026-08-01", "2026-09-01")),
        (["QTY+113:5", "DTM+2:2608:609"], ("2026-08-01", "2026-09-01")),
        (["QTY+113:5", "DTM+2:202633:616"], ("2026-08-10", "2026-08-17")),
        (["QTY+113:5", "DTM+2:202608202610:710"], ("2026-08-01", "2026-11-01")),
        # an instant, and an instant that stands for its month
        (["QTY+113:5", "DTM+2:202608010630:203"], ("2026-08-01T06:30", "2026-08-01T06:30")),
        (["SCC+4++M", "QTY+113:5", "DTM+2:202608010630:203"], ("2026-08-01", "2026-09-01")),
        # the date of the line, or of its group
        (["DTM+2:20260801:102", "SCC+4++M", "QTY+113:5"], ("2026-08-01", "2026-09-01")),
    ],
)  # fmt: skip
def test_dates_and_frequency(entry: list[str], expected: tuple[str, str]) -> None:
    assert period_of(*entry) == expected


def test_a_month_follows_the_zone_of_the_sender() -> None:
    period = period_of("SCC+4++M", "QTY+113:5", "DTM+2:20261001:102", zone="Europe/Berlin")
    assert period == ("2026-09-30T22:00", "2026-10-31T23:00")  # 25 October has 25 hours


def test_an_interval_with_one_date_is_remarked() -> None:
    store = DocumentStore()
    store.message(
        "DELFOR:D:97A", "BGM+241+N1+9", "LIN+1++M:IN", "SCC+4++F", "QTY+113:5", "DTM+2:20260801:102"
    )
    assert store.quantities == [5.0]
    assert "flexible interval with one date" in store.reasons[0]


@pytest.mark.parametrize(
    ("segment", "reason"),
    [("SCC+4++X", "frequency 'X'"), ("SCC+99", "commitment '99'")],
)
def test_an_unknown_condition_is_remarked(segment: str, reason: str) -> None:
    store = DocumentStore().message(
        "DELFOR:D:97A", "BGM+241+N1+9", "LIN+1++M:IN", segment, "QTY+113:5", "DTM+2:20260801:102"
    )
    assert store.quantities == [5.0]
    assert reason in store.reasons[0]


def test_each_entry_has_its_own_frequency() -> None:
    store = DocumentStore().message(
        "DELFOR:D:97A", "BGM+241+N1+9", "LIN+1++M:IN",
        "SCC+1++D", "QTY+113:1", "DTM+2:20260801:102", "QTY+113:2", "DTM+2:20260802:102",
        "SCC+4++W", "QTY+113:3", "DTM+2:20260810:102",
        "SCC+4++M", "QTY+113:4", "DTM+2:20260901:102",
    )  # fmt: skip
    days = [
        (q, (until_us - start_us) // 86_400_000_000)
        for q, start_us, until_us in store.values_of("quantity", "due_from_us", "due_until_us")
    ]
    assert days == [(1.0, 1), (2.0, 1), (3.0, 7), (4.0, 30)]


def test_a_cumulative_quantity_without_date_and_demand_is_remarked() -> None:
    store = DocumentStore().message("DELFOR", "BGM+241+N1+9", "LIN+1++M:IN", "QTY+3:5000")
    assert "cumulative quantity 5000 has neither a date nor a demand" in store.reasons[0]


def test_a_time_in_the_repeated_hour_is_remarked() -> None:
    line = ("LIN+1++M:IN", "QTY+12:5", "DTM+11:202610250230:203")
    store = DocumentStore(zone="Europe/Berlin").message("DESADV", "BGM+351+N1+9", *line)
    assert [text_of(at_us) for at_us in store.values_of("despatched_us")] == ["2026-10-25T00:30"]
    assert "'202610250230' occurs twice" in store.reasons[0]
    certain = [*line[:2], "DTM+11:202610250230?+0100:205"]
    store = DocumentStore(zone="Europe/Berlin").message("DESADV", "BGM+351+N1+9", *certain)
    assert [text_of(at_us) for at_us in store.values_of("despatched_us")] == ["2026-10-25T01:30"]
    assert "offset" not in "".join(store.reasons)


def test_a_time_that_the_clock_skips_is_refused() -> None:
    line = ("LIN+1++M:IN", "QTY+12:5", "DTM+11:202603290230:203")
    store = DocumentStore(zone="Europe/Berlin").message("DESADV", "BGM+351+N1+9", *line)
    assert not store.facts
    assert "DTM" in store.items[0]

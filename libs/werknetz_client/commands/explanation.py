"""The explanation of a KPI value in the terminal: sentences, a line a machine, then links."""

from collections.abc import Iterator
from typing import Final

from werknetz_client.client import Row
from werknetz_client.commands.output import EMPTY, print_lines, print_table

MACHINES_WITH_SIGNALS: Final = 4
CATEGORIES: Final = ("apt", "aust", "adet", "adot", "pdot", "unknown", "off_shift")


def print_explanation(answer: Row, url: str) -> None:
    print_lines(*answer["text"])
    _print_machines(answer)
    print_lines(*_interruptions(answer))
    print_lines(*_signals(answer, url))


def _print_machines(answer: Row) -> None:
    """Print minutes by category, as far as there are any, and counts, a line a machine."""
    minutes = [_minutes_by_category(machine) for machine in answer["machines"]]
    used = [name for name in CATEGORIES if any(name in spent for spent in minutes)]
    headings = ["machine", "value", "good", "scrap", *used]
    cells = [
        [
            machine["equipment"].rpartition("/")[2],
            EMPTY if machine["value"] is None else f"{machine['value']:.3g}",
            _count(machine["counts"]["good"]),
            _count(machine["counts"]["scrap"]),
            *(f"{spent.get(name, 0.0):.1f}" for name in used),
        ]
        for machine, spent in zip(answer["machines"], minutes, strict=True)
    ]
    print_lines(f"{answer['kpi']} by machine, minutes by category")
    print_table(headings, cells, right=set(headings[1:]))
    if rest := answer["machine_count"] - len(answer["machines"]):
        print_lines(f"{rest} more machines are part of the sum and not shown.")


def _interruptions(answer: Row) -> Iterator[str]:
    for gap in answer["gaps"]:
        span = f"{gap['start']} to {gap['end'] or 'now'}"
        note = ", backfilled" if gap["backfilled"] else ""
        yield f"gap  {gap['connector_id']}  {gap['cause']}  {span}{note}"
    for outage in answer["outages"]:
        span = f"{outage['start']} to {outage['end'] or 'now'}"
        note = ", backfilled by the source" if outage["backfilled"] else ""
        yield f"silent  {outage['connector_id']}  {span}{note}"
    for entry in answer["quarantine"]:
        yield f"quarantine {entry['id']}  {entry['source']}  {entry['reason']}"


def _signals(answer: Row, url: str) -> Iterator[str]:
    """Yield where the samples are, as long as that fits on a screen."""
    if answer["machine_count"] > MACHINES_WITH_SIGNALS:
        yield "Explain one of these machines to see its signals and their samples."
        return
    for machine in answer["machines"]:
        for signal in machine["signals"]:
            more = "" if signal["sample_count_is_complete"] else " or more"
            yield (
                f"{signal['key']}  {signal['sample_count']}{more} samples"
                f"  by {signal['mapping']}  {url}{signal['href']}"
            )


def _count(count: float | None) -> str:
    """Return a count; nobody reports one that is None."""
    return EMPTY if count is None else f"{count:.0f}"


def _minutes_by_category(machine: Row) -> dict[str, float]:
    minutes: dict[str, float] = {}
    for state in machine["states"]:
        minutes[state["category"]] = minutes.get(state["category"], 0.0) + state["minutes"]
    return minutes

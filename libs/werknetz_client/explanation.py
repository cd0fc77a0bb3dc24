"""The explanation of a KPI value in the terminal: sentences, machine by machine, then links."""

from typing import Final

from rich.console import Console
from rich.table import Table

from werknetz_client.client import Row

MACHINES_WITH_SIGNALS: Final = 4
CATEGORIES: Final = ("apt", "aust", "adet", "adot", "pdot", "unknown", "off_shift")


def show(told: Row, url: str) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for sentence in told["text"]:
        console.print(sentence)
    _machines(console, told)
    for gap in told["gaps"]:
        lasting = f"{gap['start']} to {gap['end'] or 'now'}"
        kept = ", backfilled" if gap["backfilled"] else ""
        console.print(f"gap  {gap['connector_id']}  {gap['cause']}  {lasting}{kept}")
    for outage in told["outages"]:
        lasting = f"{outage['start']} to {outage['end'] or 'now'}"
        kept = ", given later by the source" if outage["kept"] else ""
        console.print(f"silent  {outage['connector_id']}  {lasting}{kept}")
    for entry in told["quarantine"]:
        console.print(f"quarantine {entry['id']}  {entry['source']}  {entry['reason']}")
    _signals(console, told, url)


def _machines(console: Console, told: Row) -> None:
    """Print minutes by category, as far as there are any, and counts, a line a machine."""
    minutes = [_minutes(machine) for machine in told["machines"]]
    spent = [name for name in CATEGORIES if any(name in found for found in minutes)]
    table = Table(title=f"{told['kpi']} by machine, minutes by category")
    for name in ("machine", "value", *spent, "good", "scrap"):
        table.add_column(name, no_wrap=True)
    for machine, found in zip(told["machines"], minutes, strict=True):
        value = "–" if machine["value"] is None else f"{machine['value']:.3g}"
        counts = machine["counts"]
        table.add_row(
            machine["equipment"].rpartition("/")[2],
            value,
            *(f"{found.get(name, 0.0):.1f}" for name in spent),
            f"{counts['good']:.0f}",
            f"{counts['scrap']:.0f}",
        )
    console.print(table)
    if left := told["machine_count"] - len(told["machines"]):
        console.print(f"{left} more machines are summed up above and not shown.")


def _signals(console: Console, told: Row, url: str) -> None:
    """Print where the samples are, as long as that fits on a screen."""
    if told["machine_count"] > MACHINES_WITH_SIGNALS:
        console.print("Ask for one of these machines to see its signals and their samples.")
        return
    for machine in told["machines"]:
        for signal in machine["signals"]:
            more = "" if signal["sample_count_is_complete"] else " and more"
            console.print(
                f"{signal['key']}  {signal['sample_count']}{more} samples"
                f"  by {signal['mapping']}  {url}{signal['href']}"
            )


def _minutes(machine: Row) -> dict[str, float]:
    found: dict[str, float] = {}
    for state in machine["states"]:
        found[state["category"]] = found.get(state["category"], 0.0) + state["minutes"]
    return found

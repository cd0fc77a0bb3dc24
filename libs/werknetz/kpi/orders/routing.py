"""The operations of an order in their sequence, and the elements of the order made of them.

Where no operation is reported, all machines of the order work in parallel on one operation.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from werknetz.kpi.elements import Elements
from werknetz.kpi.orders.elements import OrderElements


@dataclass(frozen=True, slots=True)
class MachineRun:
    """The time of an order at a machine, in microseconds."""

    equipment_id: int
    start_us: int
    end_us: int
    operations: tuple[str, ...] = ()  # that are reported of it; none: unnamed
    is_running: bool = False

    @property
    def operation_names(self) -> tuple[str, ...]:
        return self.operations or ("",)


def operations_in_sequence(runs: Iterable[MachineRun]) -> list[str]:
    """Return the operations: by number where all have one, else by their first start."""
    first_us: dict[str, int] = {}
    for run in runs:
        for name in run.operation_names:
            first_us[name] = min(first_us.get(name, run.start_us), run.start_us)
    if all(name.isdecimal() for name in first_us):
        return sorted(first_us, key=lambda name: (int(name), name))
    return sorted(first_us, key=lambda name: (first_us[name], name))


def order_elements_of(
    runs: Sequence[MachineRun], of_machines: Mapping[int, Elements], span: tuple[int, int]
) -> OrderElements:
    """Return the elements of an order in a span from those of its machines, by equipment id."""
    total = Elements.sum(of_machines.values())
    names = operations_in_sequence(runs)
    first = _output_of(names[0], runs, of_machines) if names else (0.0, 0.0, 0)
    last = _output_of(names[-1], runs, of_machines) if names else (0.0, 0.0, 0)
    aoet_s = _execution_s(runs, span)
    unknown = total.aoet_unknown_s / total.aoet_s if total.aoet_s > 0 else 0.0
    values = {f.name: getattr(total, f.name) for f in fields(Elements)}
    values |= {"aoet_s": aoet_s, "aoet_unknown_s": aoet_s * unknown}
    return OrderElements(
        **values,
        first_pq=first[0], first_known_s=first[1], first_shared=first[2],
        last_pq=last[0], last_known_s=last[1], last_shared=last[2],
    )  # fmt: skip


def _execution_s(runs: Sequence[MachineRun], span: tuple[int, int]) -> float:
    """Return the time from the first start to the last end, as far as it lies in the span."""
    if not runs:
        return 0.0
    start_us = max(min(run.start_us for run in runs), span[0])
    end_us = min(max(run.end_us for run in runs), span[1])
    return max(end_us - start_us, 0) / 1e6


def _output_of(
    name: str, runs: Sequence[MachineRun], of_machines: Mapping[int, Elements]
) -> tuple[float, float, int]:
    """Return what an operation produced, how long it was reported, and its shared machines."""
    machines = [run for run in runs if name in run.operation_names]
    elements = [of_machines.get(run.equipment_id, Elements()) for run in machines]
    return (
        sum(e.pq for e in elements),
        sum(e.pq_known_s for e in elements),
        sum(len(run.operation_names) > 1 for run in machines),
    )

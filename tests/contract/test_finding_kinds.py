"""The API can filter by every kind of finding that a worker writes."""

from typing import get_args

from werknetz_core.findings.endpoints import FindingKind
from werknetz_worker.elements import findings as of_machines
from werknetz_worker.failures import KIND as NOT_COMPUTED
from werknetz_worker.projection import findings as projected
from werknetz_worker.stock import findings as of_stock
from werknetz_worker.supply import findings as of_supply


def test_every_kind_of_finding_is_a_filter() -> None:
    written = {
        *of_machines.KINDS,
        *of_machines.MISSING_INPUTS,
        NOT_COMPUTED,
        *projected.KINDS,
        *of_stock.KINDS,
        *of_supply.KINDS,
    }
    assert set(get_args(FindingKind)) == written

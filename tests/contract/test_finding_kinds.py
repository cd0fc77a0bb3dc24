"""Every kind of finding that a worker writes can be asked for."""

from typing import get_args

from werknetz_core.findings.endpoints import FindingKind
from werknetz_worker.projection import findings as projected
from werknetz_worker.stock import findings as of_stock
from werknetz_worker.supply import findings as of_supply


def test_what_is_written_can_be_asked_for() -> None:
    written = {*projected.KINDS, *of_stock.KINDS, *of_supply.KINDS}
    assert set(get_args(FindingKind)) == written

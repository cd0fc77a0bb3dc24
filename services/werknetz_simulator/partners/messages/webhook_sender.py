"""Pushes despatch advices as JSON to a webhook, repeated until the receiver answers 2xx."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx2

from werknetz.runtime.log import get_logger
from werknetz_simulator.partners.partners import SupplyRelation
from werknetz_simulator.partners.timeline import Shipment
from werknetz_simulator.plants.plan import instant_of

SOURCE: Final = "avise"
RECORDS: Final = "avise"
ROWS_MAX: Final = 500
TIMEOUT_S: Final = 20.0  # longer than the edge takes to answer 503


class PushRejected(Exception):
    """The receiver did not answer 2xx: the push has to be repeated."""


class WebhookSender:
    """Pushes to one URL with the API key of a file."""

    def __init__(self, url: str, key_file: Path) -> None:
        self._url, self._key_file = f"{url.rstrip('/')}/hooks/{SOURCE}", key_file
        self._last_rejection = ""

    def push(self, shipments: Iterable[tuple[SupplyRelation, Shipment]]) -> None:
        """Push all shipments; raise PushRejected if a part is rejected. Repeating is harmless."""
        rows = [shipment_row_of(relation, shipment) for relation, shipment in shipments]
        if not rows:
            return
        try:
            key = self._key_file.read_text(encoding="utf-8").split()[0]
            with httpx2.Client(timeout=TIMEOUT_S, trust_env=False) as client:
                for batch in _batches(rows):
                    answer = client.post(
                        self._url, json={RECORDS: batch}, headers={"X-API-Key": key}
                    )
                    answer.raise_for_status()
        except (httpx2.HTTPError, OSError, IndexError) as error:
            self._log_rejection(str(error) or type(error).__name__)
            raise PushRejected(self._url) from error

    def _log_rejection(self, reason: str) -> None:
        """Log each new reason once, because the push is retried every second."""
        if reason != self._last_rejection:
            self._last_rejection = reason
            get_logger("simulator").warning("push rejected, retrying", url=self._url, reason=reason)


def shipment_row_of(relation: SupplyRelation, shipment: Shipment) -> dict[str, Any]:
    return {
        "note": shipment.number,
        "announced": _iso_time(shipment.at_us),
        "despatched": _iso_time(shipment.despatched_us),
        "arrives": _iso_time(shipment.arrives_us),
        "site": relation.site,
        "material": relation.material,
        "article": relation.supplier_material,
        "quantity": shipment.quantity,
        "unit": relation.unit,
        "supplier": relation.firm.number,
        "pallet": f"{shipment.number}-P",
    }


def _batches(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), ROWS_MAX):
        yield rows[start : start + ROWS_MAX]


def _iso_time(at_us: int) -> str:
    return instant_of(at_us).isoformat(timespec="microseconds")

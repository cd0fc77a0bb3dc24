"""Despatch advices of suppliers that push: JSON to a webhook, told when it says 2xx."""

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
TIMEOUT_S: Final = 20.0  # longer than the edge takes to say 503


class PushRejected(Exception):
    """The other side did not say 2xx: what was pushed is to be told again."""


class WebhookSender:
    """Where to push, and the file with the key that opens it."""

    def __init__(self, url: str, key_file: Path) -> None:
        self._url, self._key_file = f"{url.rstrip('/')}/hooks/{SOURCE}", key_file
        self._last_rejection = ""

    def push(self, sent: Iterable[tuple[SupplyRelation, Shipment]]) -> None:
        """Push all of it; raise NotTaken when a part is not taken. Repeating is harmless."""
        rows = [shipment_row_of(relation, note) for relation, note in sent]
        if not rows:
            return
        try:
            key = self._key_file.read_text(encoding="utf-8").split()[0]
            with httpx2.Client(timeout=TIMEOUT_S, trust_env=False) as client:
                for some in _batches(rows):
                    answer = client.post(
                        self._url, json={RECORDS: some}, headers={"X-API-Key": key}
                    )
                    answer.raise_for_status()
        except (httpx2.HTTPError, OSError, IndexError) as error:
            self._log_rejection(str(error) or type(error).__name__)
            raise PushRejected(self._url) from error

    def _log_rejection(self, reason: str) -> None:
        """Log a new reason once: it is asked again every second."""
        if reason != self._last_rejection:
            self._last_rejection = reason
            get_logger("simulator").warning("not taken, again soon", url=self._url, reason=reason)


def shipment_row_of(relation: SupplyRelation, note: Shipment) -> dict[str, Any]:
    return {
        "note": note.number,
        "told": _iso_time(note.at_us),
        "left": _iso_time(note.despatched_us),
        "arrives": _iso_time(note.arrives_us),
        "site": relation.site,
        "material": relation.material,
        "article": relation.supplier_material,
        "quantity": note.quantity,
        "unit": "PCE",
        "supplier": relation.firm.number,
        "pallet": f"{note.number}-P",
    }


def _batches(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), ROWS_MAX):
        yield rows[start : start + ROWS_MAX]


def _iso_time(at_us: int) -> str:
    return instant_of(at_us).isoformat(timespec="microseconds")

"""Writes the partners' messages: the past one day at a time, then events as they happen.

The progress is stored beside the files. After a kill, the same files are written again with the
same content, which readers recognise.
"""

import json
from dataclasses import asdict, dataclass
from heapq import nlargest
from pathlib import Path
from typing import Final

from werknetz_simulator.partners.late_delivery import DelayedDelivery
from werknetz_simulator.partners.messages.message_writer import (
    ADVICE,
    BOOKING,
    EDI,
    RelationEvents,
    files_of,
)
from werknetz_simulator.partners.messages.warehouse_db import create_database, insert_events
from werknetz_simulator.partners.messages.webhook_sender import PushRejected, WebhookSender
from werknetz_simulator.partners.partners import RELATIONS, WESERGUSS, SupplyRelation
from werknetz_simulator.partners.sftp_folders import SftpFolders, put_file
from werknetz_simulator.partners.timeline import (
    CallOff,
    PartnerEvent,
    RelationTimeline,
    Shipment,
)
from werknetz_simulator.partners.weserguss import EDI_FOLDER, STOCK_FOLDER, supplier_stocks
from werknetz_simulator.plants.plan import DAY_US

PAST_DAYS: Final = 16
INBOXES: Final = (EDI, ADVICE, BOOKING, EDI_FOLDER, STOCK_FOLDER)
WAREHOUSE_DATABASE: Final = "warehouses.db"
DONE: Final = "done"
DONE_FILES_MAX: Final = 500  # processed files per folder; older ones are deleted


@dataclass(frozen=True, slots=True)
class FeedProgress:
    """Events since `since_us` are written up to `written_us`; `start_us` names the last run."""

    since_us: int
    written_us: int
    start_us: int


class PartnersFeed:
    """Without a webhook sender, the suppliers that push send no despatch advices."""

    def __init__(
        self,
        folders: SftpFolders,
        *,
        start_us: int,
        seed: str,
        late: Path,
        sender: WebhookSender | None,
    ) -> None:
        self._folder, self._progress_file = folders.files, folders.progress
        self._sender = sender
        for name in INBOXES:
            (self._folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        first_us = start_us - start_us % DAY_US - PAST_DAYS * DAY_US  # with its opening counts
        previous = load_progress(self._progress_file)
        since_us = first_us if previous is None else previous.since_us
        written_us = first_us if previous is None else previous.written_us
        self._timelines = [
            RelationTimeline(relation, since_us=since_us, seed=seed) for relation in RELATIONS
        ]
        self._late = DelayedDelivery(late, self._timelines[0])
        self._warehouse_database = self._folder / WAREHOUSE_DATABASE
        create_database(self._warehouse_database)
        self._progress = FeedProgress(since_us, written_us, start_us)
        self._write_progress(written_us)

    def write_until(self, now_us: int) -> None:
        """Write all events since the last call, one day per step."""
        while (start_us := self._progress.written_us) < now_us:
            until_us = min(now_us, start_us - start_us % DAY_US + DAY_US)
            events = [
                (timeline.relation, event)
                for timeline in self._timelines
                for event in timeline.events_between(start_us, until_us)
            ]
            events += self._late.events_between(start_us, until_us)
            events.sort(key=lambda pair: pair[1].at_us)
            try:  # first: a rejected step leaves no file and is repeated
                if self._sender is not None:
                    self._sender.push(pushed_shipments_of(events))
            except PushRejected:
                return
            foundry = [t for t in self._timelines if t.relation.firm == WESERGUSS]
            stocks = [*supplier_stocks(foundry, start_us, until_us)]
            for folder, name, content in files_of(events, until_us, stocks):
                put_file(self._folder / folder / name, content, until_us)
            insert_events(self._warehouse_database, database_events_of(events), until_us)
            self._write_progress(until_us)
            if events:
                self._delete_done_files()

    def _write_progress(self, written_us: int) -> None:
        last = self._progress
        self._progress = FeedProgress(last.since_us, written_us, last.start_us)
        draft = self._progress_file.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self._progress)))
        draft.replace(self._progress_file)

    def _delete_done_files(self) -> None:
        for name in INBOXES:
            done = self._folder / name / DONE
            if done.is_dir():
                ages = {file: file.stat().st_mtime_ns for file in done.iterdir()}
                newest = set(nlargest(DONE_FILES_MAX, ages, key=ages.__getitem__))
                for file in ages.keys() - newest:
                    file.unlink()


def database_events_of(events: RelationEvents) -> list[tuple[SupplyRelation, PartnerEvent]]:
    """Return the events that warehouses with a database book there."""
    return [
        (relation, event)
        for relation, event in events
        if relation.warehouse.form == "sql" and not isinstance(event, CallOff | Shipment)
    ]


def pushed_shipments_of(events: RelationEvents) -> list[tuple[SupplyRelation, Shipment]]:
    """Return the shipments of suppliers that push to a webhook."""
    return [
        (relation, event)
        for relation, event in events
        if relation.firm.form == "webhook" and isinstance(event, Shipment)
    ]


def load_progress(file: Path) -> FeedProgress | None:
    """Return the stored progress of a feed; None before its first run."""
    return FeedProgress(**json.loads(file.read_text())) if file.exists() else None

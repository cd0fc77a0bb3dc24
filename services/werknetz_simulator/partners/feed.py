"""Puts the group's files down: what was since the beginning a day at a time, then as it happens.

How far it got is kept beside the files. Killed before it is kept, the same files are put down
again as they were: whoever has read them knows them by their content.
"""

import json
from pathlib import Path
from typing import Final

from werknetz_simulator.partners.foundry.feed import put
from werknetz_simulator.partners.late_delivery import Late
from werknetz_simulator.partners.message_writer import ADVICE, BOOKING, EDI, Said, files_of
from werknetz_simulator.partners.partners import RELATIONS, Relation
from werknetz_simulator.partners.timeline import CallOff, Shipment, Story, Told
from werknetz_simulator.partners.warehouse_db import book, open_books
from werknetz_simulator.partners.webhook_sender import Hook, NotTaken
from werknetz_simulator.plants.plan import DAY_US

PAST_DAYS: Final = 16
FOLDERS: Final = (EDI, ADVICE, BOOKING)
BOOKS: Final = "warehouses.db"


class GroupFeed:
    def __init__(
        self, folder: Path, diary: Path, *, start_us: int, seed: str, late: Path, hook: Hook
    ) -> None:
        self._folder, self._diary, self._hook = folder, diary, hook
        for name in FOLDERS:
            (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        first_us = start_us - start_us % DAY_US - PAST_DAYS * DAY_US  # with its opening counts
        since_us, self._told_us = _read(diary) or (first_us, first_us)
        self._since_us = since_us
        self._stories = [Story(one, since_us=since_us, seed=seed) for one in RELATIONS]
        self._late = Late(late, self._stories[0])
        self._books = folder / BOOKS
        open_books(self._books)
        self._write()

    def tell(self, now_us: int) -> None:
        """Put down what has happened since the last time; a day is one step."""
        while self._told_us < now_us:
            until_us = min(now_us, self._told_us - self._told_us % DAY_US + DAY_US)
            said = [
                (story.relation, told)
                for story in self._stories
                for told in story.told(self._told_us, until_us)
            ]
            said += self._late.told(self._told_us, until_us)
            said.sort(key=lambda pair: pair[1].at_us)
            try:  # first: a step that is not taken leaves no file, and is told again soon
                self._hook.push(pushed_of(said))
            except NotTaken:
                return
            for folder, name, content in files_of(said, until_us):
                put(self._folder / folder / name, content, until_us)
            book(self._books, booked_of(said), until_us)
            self._told_us = until_us
            self._write()

    def _write(self) -> None:
        draft = self._diary.with_suffix(".new")
        draft.write_text(json.dumps([self._since_us, self._told_us]))
        draft.replace(self._diary)


def booked_of(said: Said) -> list[tuple[Relation, Told]]:
    """Return what warehouses with books of their own book of it."""
    return [
        (relation, told)
        for relation, told in said
        if relation.warehouse.speaks == "sql" and not isinstance(told, CallOff | Shipment)
    ]


def pushed_of(said: Said) -> list[tuple[Relation, Shipment]]:
    """Return what suppliers with a webhook push of it."""
    return [
        (relation, told)
        for relation, told in said
        if relation.firm.speaks == "webhook" and isinstance(told, Shipment)
    ]


def _read(diary: Path) -> tuple[int, int] | None:
    if not diary.exists():
        return None
    since_us, told_us = json.loads(diary.read_text())
    return since_us, told_us


def told_of(diary: Path) -> tuple[int, int] | None:
    """Return (since, told up to) of a feed; None: it has not begun."""
    return _read(diary)

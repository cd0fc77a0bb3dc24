"""Puts the supplier's files down, each in one step and each once, with the time it was made."""

import os
from collections.abc import Iterator
from heapq import nlargest
from pathlib import Path
from typing import Final

from werknetz_simulator.partners.foundry.edifact_writer import delfor, desadv
from werknetz_simulator.partners.foundry.message_spans import Diary
from werknetz_simulator.partners.foundry.stock_file import stock_csv
from werknetz_simulator.partners.foundry.timeline import CallOff, Document, Shipment, SupplierTruth

EDI: Final = "edi"
STOCK: Final = "stock"
DONE: Final = "done"
DONE_KEPT: Final = 500  # files of each folder that were taken; the oldest go


class Feed:
    """`folder` is that of the partner whom the files are for."""

    def __init__(self, folder: Path, truth: SupplierTruth, diary: Diary) -> None:
        self._folder, self._truth, self._diary = folder, truth, diary
        for name in (EDI, STOCK):
            (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    def tell(self, now_us: int) -> None:
        """Put down what is due. Killed before the diary knows, it is put down again as it was."""
        is_new = False
        for at_us in self._diary.waiting(now_us):
            for document in self._truth.documents(at_us):
                for name, content in files_of(document):
                    put(self._folder / name, content, at_us)
            self._diary.told(at_us)
            is_new = True
        if is_new:
            self._sweep()

    def _sweep(self) -> None:
        for name in (EDI, STOCK):
            done = self._folder / name / DONE
            if done.is_dir():
                aged = {file: file.stat().st_mtime_ns for file in done.iterdir()}
                kept = set(nlargest(DONE_KEPT, aged, key=aged.__getitem__))
                for file in aged.keys() - kept:
                    file.unlink()


def files_of(document: Document) -> Iterator[tuple[str, bytes]]:
    """Yield the names and contents of a document's files."""
    if isinstance(document, CallOff):
        yield f"{EDI}/DELFOR_{document.number}.edi", delfor(document)
    elif isinstance(document, Shipment):
        for time in range(document.times):
            name = f"{EDI}/DESADV_{document.number}{f'_{time + 1}' if time else ''}.edi"
            yield name, desadv(document, again=time > 0)
    else:
        yield f"{STOCK}/BESTAND_{document.number}.csv", stock_csv(document)


def put(file: Path, content: bytes, at_us: int) -> None:
    """Under a name that nobody takes until all of it is there."""
    draft = file.with_name(f"{file.name}.part")
    draft.write_bytes(content)
    os.utime(draft, ns=(at_us * 1000, at_us * 1000))
    draft.replace(file)

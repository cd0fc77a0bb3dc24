"""Marks of roll-ups that cannot be computed: isolated, tried again later, shown as a finding."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from werknetz.store.session import WriteConnection
from werknetz_worker.failures import Retries, Subject, clear, report


@dataclass(slots=True)
class FailedMarks:
    """Of one process: marks in the database outlast it."""

    retries: Retries = field(default_factory=Retries)
    _subjects: dict[int, Subject] = field(default_factory=dict)  # by mark

    def waiting(self) -> list[int]:
        """Return the marks that are not due again."""
        return [
            mark for mark, subject in self._subjects.items() if not self.retries.is_due(subject)
        ]

    async def add(
        self,
        connection: WriteConnection,
        mark: int | None,
        equipment: tuple[int, str],
        error: Exception,
    ) -> None:
        """Report the equipment whose roll-up failed. `mark` None: another one of it is there."""
        number, path = equipment
        subject = Subject("roll-up", path, equipment_id=number)
        if mark is not None:
            self._subjects[mark] = subject
        await report(connection, self.retries, subject, error)

    async def end(
        self,
        connection: WriteConnection,
        marks: Iterable[int],
        equipment: Iterable[tuple[int, str]],
    ) -> None:
        """Note that marks were computed; clear the findings of equipment without failed ones."""
        for mark in marks:
            self._subjects.pop(mark, None)
        failed = {subject.key for subject in self._subjects.values()}
        done = [Subject("roll-up", path, equipment_id=number) for number, path in equipment]
        first = [s for s in done if s.key not in failed and self.retries.end(s)]
        if first:
            await clear(connection, first)

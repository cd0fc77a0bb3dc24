"""Applies changes to the document of a mapping; comments and order stay."""

import difflib
from collections.abc import Callable, Sequence
from typing import Final

from werknetz.texts.sentence import Sentence
from werknetz_core.http.problem import Problem
from werknetz_core.mappings.amendments.changed_document import ChangedDocument, Conflict
from werknetz_core.mappings.amendments.schemas import Change
from werknetz_core.mappings.amendments.yaml_edit import NotEditable
from werknetz_core.mappings.registry import parse_document
from werknetz_core.mappings.schemas import DOCUMENT_CHARS_MAX

LINES_MAX: Final = 200
_CHANGES: Final = "/body/changes"


def amend_document(document: str, version: int, changes: Sequence[Change]) -> str:
    """Return the document with another version number and the changes, one after the other.

    Raises a problem for what cannot be changed, and for a mapping that would not be valid. It
    takes seconds for a large document: call it in a thread.
    """
    _check_size(document, "/body/version")
    amended = _write(document, version, changes)
    _check_size(amended, _CHANGES)
    try:
        parse_document(amended, pointer=_CHANGES)
    except Problem:
        number = _first_invalid(lambda size: _write(document, version, changes[:size]), changes)
        parse_document(
            _write(document, version, changes[: number + 1]), pointer=f"{_CHANGES}/{number}"
        )
        raise
    return amended


def changed_lines(before: str, after: str) -> list[str]:
    """Return the lines that differ, each with its sign."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [
        f"{line[0]} {line[1:].strip()}"
        for line in lines
        if line[0] in "+-" and not line.startswith(("+++", "---"))
    ][:LINES_MAX]


def _write(document: str, version: int, changes: Sequence[Change]) -> str:
    changed = ChangedDocument(document)
    for number, change in enumerate(changes):
        try:
            changed.add(change)
        except Conflict as error:
            raise _conflict(error.sentence, f"{_CHANGES}/{number}") from error
    try:
        return changed.write(version)
    except NotEditable as error:
        raise _conflict(Sentence("mappings.not_editable"), _CHANGES) from error


def _check_size(document: str, pointer: str) -> None:
    if len(document) > DOCUMENT_CHARS_MAX:
        text = Sentence("mappings.amended_too_large", characters_max=DOCUMENT_CHARS_MAX)
        raise _conflict(text, pointer)


def _first_invalid(write: Callable[[int], str], changes: Sequence[Change]) -> int:
    """Return the number of the first change after which the mapping is not valid."""
    valid, invalid = 0, len(changes)  # so many changes
    while invalid - valid > 1:
        size = (valid + invalid) // 2
        try:
            parse_document(write(size))
        except Problem:
            invalid = size
        else:
            valid = size
    return invalid - 1


def _conflict(detail: Sentence, pointer: str) -> Problem:
    errors = [{"pointer": pointer, "code": "cannot_amend", "detail": detail}]
    return Problem(409, "cannot_amend", detail, Sentence("mappings.edit_document"), errors=errors)

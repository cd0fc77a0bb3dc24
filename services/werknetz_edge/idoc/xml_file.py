"""Reads IDoc XML as a stream, one IDoc at a time: without DTD and entities, with limits."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final
from xml.etree.ElementTree import Element, ParseError, tostring

import defusedxml
from defusedxml.ElementTree import iterparse

from werknetz_edge.files.inbox import FileRefused
from werknetz_edge.idoc.segments import IdocSegment, parse_value

DEPTH_MAX: Final = 24
ELEMENTS_MAX: Final = 500_000  # of one IDoc
SILENT_BYTES_MAX: Final = 4_000_000  # bytes without start or end of an element
_CONTROL: Final = "EDI_DC40"


class _LimitedFile:
    """A file that limits how much the parser reads without start or end of an element."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.silent_bytes = 0

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(min(size, 65_536) if size > 0 else 65_536)
        self.silent_bytes += len(block)
        if self.silent_bytes > SILENT_BYTES_MAX:
            raise FileRefused(
                f"{SILENT_BYTES_MAX} bytes without an end of an element: is this an IDoc?"
            )
        return block


def read_idocs(path: Path) -> Iterator[tuple[str, IdocSegment, bytes]]:
    """Yield the name of the root, the IDoc, and its XML. Raises FileRefused."""
    with path.open("rb") as file:
        source = _LimitedFile(file)
        events = iterparse(source, events=("start", "end"), forbid_dtd=True)
        try:
            yield from _idocs(events, source)
        except defusedxml.DefusedXmlException as error:
            raise FileRefused(
                f"{type(error).__name__}: an IDoc has no DTD and no entities"
            ) from error
        except (ParseError, ValueError, LookupError) as error:
            raise FileRefused(f"it is not well-formed XML: {error}") from error


def _idocs(
    events: Iterator[tuple[str, Element]], source: _LimitedFile
) -> Iterator[tuple[str, IdocSegment, bytes]]:
    root: Element | None = None
    depth, elements = 0, 0
    for event, element in events:
        source.silent_bytes = 0
        if event == "start":
            depth += 1
            elements += 1
            if root is None:
                root = element
            if depth > DEPTH_MAX or elements > ELEMENTS_MAX:
                raise FileRefused(
                    f"it is deeper than {DEPTH_MAX} or has an IDoc of more than {ELEMENTS_MAX} "
                    "elements: is this an IDoc?"
                )
            continue
        depth -= 1
        if depth == 1 and root is not None:  # a child of the root has ended
            elements = 0
            if _name_of(element) == "IDOC":
                yield _name_of(root), _to_segment(element), _to_xml(element)
            root.clear()
    if root is not None and _name_of(root) == "IDOC":
        raise FileRefused(
            "its root is IDOC: SAP writes the IDoc's type around it, such as <DELVRY07>"
        )


def _to_xml(element: Element) -> bytes:
    element.tail = None
    return bytes(tostring(element, encoding="utf-8"))


def _to_segment(element: Element) -> IdocSegment:
    segment = IdocSegment(_name_of(element))
    for child in element:
        name = _name_of(child)
        if len(child) or child.get("SEGMENT") is not None or name == _CONTROL:
            segment.children.append(_to_segment(child))
        else:
            segment.fields.setdefault(name, parse_value(child.text))
    return segment


def _name_of(element: Any) -> str:
    """Return the tag without a namespace, which some middleware adds."""
    return str(element.tag).rpartition("}")[2]

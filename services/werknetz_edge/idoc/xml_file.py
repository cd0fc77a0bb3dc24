"""IDoc XML as a stream of trees, one IDoc at a time: no DTD, no entities, bounded in every way."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final
from xml.etree.ElementTree import Element, ParseError, tostring

import defusedxml
from defusedxml.ElementTree import iterparse

from werknetz_edge.files.inbox import FileRefused
from werknetz_edge.idoc.segments import Segment, value_of_field

DEPTH_MAX: Final = 24
ELEMENTS_MAX: Final = 500_000  # of one IDoc
SILENCE_MAX: Final = 4_000_000  # bytes without the begin or end of an element
_CONTROL: Final = "EDI_DC40"


class _Watched:
    """A file of which the parser may not read much without anything to show for it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.silent = 0

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(min(size, 65_536) if size > 0 else 65_536)
        self.silent += len(block)
        if self.silent > SILENCE_MAX:
            raise FileRefused(f"{SILENCE_MAX} bytes without an end of an element: is this an IDoc?")
        return block


def idocs_of(path: Path) -> Iterator[tuple[str, Segment, bytes]]:
    """Yield the name of the root, the IDoc, and the IDoc as it was written. Raises FileRefused."""
    with path.open("rb") as file:
        source = _Watched(file)
        events = iterparse(source, events=("start", "end"), forbid_dtd=True)
        try:
            yield from _idocs(events, source)
        except defusedxml.DefusedXmlException as error:
            raise FileRefused(
                f"{type(error).__name__}: an IDoc has no DTD and no entities"
            ) from error
        except (ParseError, ValueError, LookupError) as error:
            raise FileRefused(f"it is no well-formed XML: {error}") from error


def _idocs(
    events: Iterator[tuple[str, Element]], source: _Watched
) -> Iterator[tuple[str, Segment, bytes]]:
    root: Element | None = None
    depth, elements = 0, 0
    for event, element in events:
        source.silent = 0
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
            if _name(element) == "IDOC":
                yield _name(root), _segment(element), _written(element)
            root.clear()
    if root is not None and _name(root) == "IDOC":
        raise FileRefused("its root is IDOC: SAP writes the IDoc's type around it, as <DELVRY07>")


def _written(element: Element) -> bytes:
    element.tail = None
    return bytes(tostring(element, encoding="utf-8"))


def _segment(element: Element) -> Segment:
    segment = Segment(_name(element))
    for child in element:
        name = _name(child)
        if len(child) or child.get("SEGMENT") is not None or name == _CONTROL:
            segment.children.append(_segment(child))
        else:
            segment.fields.setdefault(name, value_of_field(child.text))
    return segment


def _name(element: Any) -> str:
    """Without a namespace: middleware adds one."""
    return str(element.tag).rpartition("}")[2]

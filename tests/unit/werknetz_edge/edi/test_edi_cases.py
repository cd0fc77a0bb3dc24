"""One folder per case: a file, the profile of its sender, and the expected results.

`expected.jsonl` has one line per fact or reject, in order. Every bug gets a folder.
To write the expectations again, and review them: WERKNETZ_REWRITE_CASES=1 pytest <this file>
"""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from werknetz.connector.contract import Delivery, SourceRecord
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.yaml_format import parse_yaml
from werknetz.events.batch import (
    BusinessEvent,
    EventWithdrawn,
    GroupEnd,
    MappingUsed,
    Tally,
    Unmapped,
)
from werknetz.events.facts import body_of, kind_of
from werknetz_edge.edi.parser import EdiParser
from werknetz_edge.edi.profile import Partners, load_partners
from werknetz_edge.files.connector import Chunk

CASES = sorted(path for path in (Path(__file__).parent / "cases").iterdir() if path.is_dir())
MAPPING = "mapping: {name: edi, version: 1}"


def chunks_of(case: Path) -> list[Chunk]:
    profile = case / "profile.yaml"
    partners = load_partners(profile) if profile.exists() else ()
    parser = EdiParser(Partners(partners=tuple(partners)), "UTC")
    (input_file,) = case.glob("input.*")
    return [*parser.parse_bytes(input_file.read_bytes(), 0)]


def results_of(chunk: Chunk) -> Iterator[dict[str, Any]]:
    """Return the results of a chunk as events and rejects, through the real normalizer."""
    normalizer = Normalizer(parse_mapping(parse_yaml(MAPPING, file="m")), "edi")
    delivery = Delivery(
        records=chunk.records, unreadable=chunk.rejects, group_ends=chunk.group_ends
    )
    for record in normalizer.normalize(delivery, 0):
        match record:
            case BusinessEvent():
                yield {
                    "kind": kind_of(record.fact),
                    "source": record.source,
                    "item": record.item,
                    "at": _readable("at_us", record.at_us),
                    **{k: _readable(k, v) for k, v in body_of(record.fact).items()},
                }
            case Unmapped():
                yield {"reject": record.reason, "source": record.source, "item": record.item}
            case GroupEnd():
                facts = len(record.event_ids) // 16
                yield {"ends": record.reason, "item": record.item, "facts": facts}
            case EventWithdrawn():
                yield {"withdraws": record.reason, "item": record.item}
            case MappingUsed() | Tally():
                continue
            case _:
                raise AssertionError(f"{record} is unexpected")


def _readable(name: str, value: Any) -> Any:
    if name.endswith("_us"):
        return datetime.fromtimestamp(value / 1e6, UTC).isoformat()
    return value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path) -> None:
    results = [line for chunk in chunks_of(case) for line in results_of(chunk)]
    lines = [json.dumps(line, ensure_ascii=False) for line in results]
    if os.environ.get("WERKNETZ_REWRITE_CASES"):
        (case / "expected.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    expected = (case / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    assert results == [json.loads(line) for line in expected]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_repeated_case_has_the_same_identities(case: Path) -> None:
    def identities() -> list[tuple[str, bytes, str]]:
        records: list[SourceRecord] = [r for chunk in chunks_of(case) for r in chunk.records]
        return [(r.source + r.kind, r.key, r.item) for r in records]

    assert identities() == identities()
    keys = {(kind, key) for kind, key, _ in identities()}
    assert len(keys) == len(identities()), "all identities differ"

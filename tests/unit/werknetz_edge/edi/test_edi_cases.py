"""A folder a case: a file, what is agreed with its sender, and what must become of it.

`expected.jsonl` has a line a fact and a line a refusal, in their order. A bug becomes a folder.
Made again, to be read and not to be trusted: WERKNETZ_REWRITE_CASES=1 pytest <this file>
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
from werknetz.events.batch import BusinessEvent, MappingUsed, Unmapped
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
    (given,) = case.glob("input.*")
    return [*parser.parse_bytes(given.read_bytes(), 0)]


def told(chunk: Chunk) -> Iterator[dict[str, Any]]:
    """What is said of a piece: by the very code that names what connectors read."""
    normalizer = Normalizer(parse_mapping(parse_yaml(MAPPING, file="m")), "edi")
    delivery = Delivery(records=chunk.records, unreadable=chunk.rejects)
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
                yield {"refused": record.reason, "source": record.source, "place": record.item}
            case MappingUsed():
                continue
            case _:
                raise AssertionError(f"{record} is nothing that EDI says")


def _readable(name: str, value: Any) -> Any:
    if name.endswith("_us"):
        return datetime.fromtimestamp(value / 1e6, UTC).isoformat()
    return value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path) -> None:
    found = [line for chunk in chunks_of(case) for line in told(chunk)]
    lines = [json.dumps(line, ensure_ascii=False) for line in found]
    if os.environ.get("WERKNETZ_REWRITE_CASES"):
        (case / "expected.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    expected = (case / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    assert found == [json.loads(line) for line in expected]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_told_again_says_the_same_events(case: Path) -> None:
    def identities() -> list[tuple[bytes, str]]:
        records: list[SourceRecord] = [r for chunk in chunks_of(case) for r in chunk.records]
        return [(r.identity, r.item) for r in records]

    assert identities() == identities()
    assert len({key for key, _ in identities()}) == len(identities()), "each fact has its own"

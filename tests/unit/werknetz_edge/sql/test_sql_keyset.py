"""Statements for every database, cursors of every type, and conversion of values."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite
from sqlalchemy.engine import Dialect

from werknetz.connector.contract import ConfigurationRejected
from werknetz_edge.sql.config import SqlConfig, SqlSource
from werknetz_edge.sql.cursor import decode_cursor, encode_cursor, poll_start, sortable
from werknetz_edge.sql.keyset import PagePosition, page_statement
from werknetz_edge.sql.rows import record_of, to_plain, to_row
from werknetz_edge.sql.state import StoredContent

NOON = datetime(2026, 11, 24, 12)  # noqa: DTZ001  as databases without time zones return it


def _source(**more: Any) -> SqlSource:
    return SqlSource.model_validate({"name": "s", "table": "mes.log", "id": "id"} | more)


@pytest.mark.parametrize(
    "dialect",
    [postgresql.dialect(), mysql.dialect(), sqlite.dialect(), mssql.dialect(), oracle.dialect()],
    ids=lambda dialect: dialect.name,
)
@pytest.mark.parametrize(
    "more",
    [{"changed_at": "c"}, {"id": ["a", "b"]}, {"table": None, "query": "SELECT 1 a, '12:30' b"}],
)
def test_a_page_never_uses_an_offset(dialect: Dialect, more: dict[str, Any]) -> None:
    source = _source(**more)
    after = tuple(range(len(source.id) + (source.changed_at is not None)))
    statement = page_statement(source, PagePosition(None, after), 100)
    text = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    assert "OFFSET" not in text.upper().replace("OFFSET 0", "")
    assert "ORDER BY" in text
    assert ">" in text
    if source.query:
        assert "'12:30'" in text


@pytest.mark.parametrize(
    ("cursor", "earlier"),
    [
        (NOON, NOON - timedelta(seconds=300)),
        (date(2026, 11, 24), date(2026, 11, 23)),
        (5_000, 4_000),
        (Decimal("5000.5"), Decimal("4000.5")),
        ((70_000).to_bytes(8), (69_000).to_bytes(8)),
        ((5).to_bytes(8), bytes(8)),
        ("2026-11-24 12:00:00", "2026-11-24 11:55:00"),
        ("2026-11-24T12:00:00.123", "2026-11-24T11:55:00.123"),
        ("2026-11-24T12:00:00.123456Z", "2026-11-24T11:55:00.123456Z"),
    ],
)
def test_the_next_poll_starts_before_late_commits(cursor: Any, earlier: Any) -> None:
    source = _source(changed_at="c", lag_s=86_400 if type(cursor) is date else 300)
    assert poll_start(source, cursor) == earlier
    assert type(poll_start(source, cursor)) is type(cursor)


@pytest.mark.parametrize("cursor", ["24.11.2026", None, object()])
def test_a_cursor_that_cannot_be_sorted_is_rejected(cursor: Any) -> None:
    with pytest.raises(ConfigurationRejected):
        poll_start(_source(changed_at="c"), cursor)


CURSORS = st.one_of(
    st.datetimes(), st.datetimes(timezones=st.just(UTC)), st.dates(), st.integers(0, 2**62),
    st.decimals(allow_nan=False, allow_infinity=False), st.binary(min_size=8, max_size=8),
    st.floats(allow_nan=False),
)  # fmt: skip


@given(CURSORS)
def test_a_cursor_survives_encoding(cursor: Any) -> None:
    import msgspec

    encoded = msgspec.msgpack.decode(msgspec.msgpack.encode(encode_cursor(cursor)))
    assert decode_cursor(encoded) == cursor


@given(st.lists(st.datetimes(), min_size=2, max_size=2))
def test_sortable_times_have_the_same_order(pair: list[datetime]) -> None:
    assert (pair[0] < pair[1]) == (sortable(pair[0]) < sortable(pair[1]))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("12.50"), 12.5),
        (Decimal(12), 12),
        (Decimal("NaN"), "NaN"),
        (Decimal(2**60), str(2**60)),
        (NOON, "2026-11-24T12:00:00+01:00"),
        (NOON.replace(tzinfo=UTC), "2026-11-24T12:00:00+00:00"),
        (date(2026, 11, 24), "2026-11-24"),
        (timedelta(hours=25), "1 day, 1:00:00"),
        (b"\x01\xff", "01ff"),
        (memoryview(b"\x01"), "01"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (None, None),
    ],
)
def test_values_of_drivers(value: Any, expected: Any) -> None:
    assert to_plain(value, "Europe/Berlin") == expected


def test_a_large_binary_is_replaced_by_its_digest() -> None:
    assert to_plain(b"x" * 100_000).startswith("100000 bytes, ")


def test_a_row_is_new_changed_or_unchanged() -> None:
    source = _source(changed_at="c", zone="Europe/Berlin")
    names = ["id", "c", "v"]
    new = to_row(source, names, [1, NOON, 5], {})
    assert new is not None
    assert (new.change, new.at_us) == ("new", 1_795_518_000_000_000)
    stored_rows = {new.stored.key: StoredContent(new.stored.content, new.stored.version)}
    assert to_row(source, names, [1, NOON, 5], stored_rows) is None
    changed = to_row(source, names, [1, NOON, 6], stored_rows)
    assert changed is not None
    assert changed.change == "changed"
    assert changed.dedup_key != new.dedup_key
    record = record_of(source, changed)
    assert (record.source, record.item, record.fields["_change"]) == ("s", "id 1", "changed")


def test_without_a_cursor_a_repeated_state_has_a_new_identity() -> None:
    source = _source()
    first = to_row(source, ["id", "v"], [1, 39], {})
    assert first is not None
    second = to_row(
        source, ["id", "v"], [1, 38], {first.stored.key: StoredContent(first.stored.content, 1)}
    )
    assert second is not None
    third = to_row(
        source, ["id", "v"], [1, 39], {first.stored.key: StoredContent(second.stored.content, 2)}
    )
    assert third is not None
    assert len({first.dedup_key, second.dedup_key, third.dedup_key}) == 3


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"query": "DROP TABLE x"}, "must be a SELECT"),
        ({"table": "a; DROP TABLE x"}, "pattern"),
        ({"table": "a", "query": "SELECT 1"}, "set either `table`"),
        ({"table": "a", "append": True, "id": ["a", "b"]}, "one id column"),
        ({"table": "a", "start": 5}, "`start` needs"),
        ({"table": "a", "address": "x"}, "for readings"),
        ({"table": "a", "zone": "Mars"}, "not known"),
    ],
)
def test_a_wrong_source_is_rejected_with_a_reason(source: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SqlConfig.model_validate(
            {"url": "sqlite:///x", "sources": [{"name": "s", "id": "id"} | source]}
        )


def test_the_driver_is_set_and_the_password_is_read_from_its_file(tmp_path: Any) -> None:
    secret = tmp_path / "p"
    secret.write_text("s3cret\n")
    sources = [{"name": "s", "table": "t", "id": "id"}]
    config = SqlConfig.model_validate(
        {"url": "postgresql://me@h/d", "password_file": str(secret), "sources": sources}
    )
    assert (
        config.target.render_as_string(hide_password=False) == "postgresql+psycopg://me:s3cret@h/d"
    )
    with pytest.raises(ValidationError, match="url must read"):
        SqlConfig.model_validate({"url": "nonsense", "sources": sources})

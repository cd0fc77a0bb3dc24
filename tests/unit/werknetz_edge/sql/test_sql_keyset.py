"""Statements for every database, cursors of every type, and values as a mapping reads them."""

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
from werknetz_edge.sql.keyset import Place, back, packed, page_statement, sortable, unpacked
from werknetz_edge.sql.rows import plain, record_of, row_of

NOON = datetime(2026, 11, 24, 12)  # noqa: DTZ001  as a database without zones has it


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
def test_a_page_never_counts_rows_off(dialect: Dialect, more: dict[str, Any]) -> None:
    source = _source(**more)
    after = tuple(range(len(source.id) + (source.changed_at is not None)))
    statement = page_statement(source, Place(None, after), 100)
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
def test_the_next_poll_begins_before_what_may_still_come(cursor: Any, earlier: Any) -> None:
    source = _source(changed_at="c", lag_s=86_400 if type(cursor) is date else 300)
    assert back(source, cursor) == earlier
    assert type(back(source, cursor)) is type(cursor)


@pytest.mark.parametrize("cursor", ["24.11.2026", None, object()])
def test_a_cursor_that_cannot_be_sorted_is_rejected(cursor: Any) -> None:
    with pytest.raises(ConfigurationRejected):
        back(_source(changed_at="c"), cursor)


CURSORS = st.one_of(
    st.datetimes(), st.datetimes(timezones=st.just(UTC)), st.dates(), st.integers(0, 2**62),
    st.decimals(allow_nan=False, allow_infinity=False), st.binary(min_size=8, max_size=8),
    st.floats(allow_nan=False),
)  # fmt: skip


@given(CURSORS)
def test_a_cursor_is_kept_as_it_is(cursor: Any) -> None:
    import msgspec

    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(packed(cursor)))
    assert unpacked(kept) == cursor


@given(st.lists(st.datetimes(), min_size=2, max_size=2))
def test_times_sort_as_they_are(pair: list[datetime]) -> None:
    assert (pair[0] < pair[1]) == (sortable(pair[0]) < sortable(pair[1]))


@pytest.mark.parametrize(
    ("value", "read"),
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
def test_values_of_drivers(value: Any, read: Any) -> None:
    assert plain(value, "Europe/Berlin") == read


def test_a_large_binary_is_named_not_carried() -> None:
    assert plain(b"x" * 100_000).startswith("100000 bytes, ")


def test_a_row_is_new_changed_or_known() -> None:
    source = _source(changed_at="c", zone="Europe/Berlin")
    names = ["id", "c", "v"]
    new = row_of(source, names, [1, NOON, 5], {})
    assert new is not None
    assert (new.change, new.at_us) == ("new", 1_795_518_000_000_000)
    known = {new.taken.key: (new.taken.content, new.taken.version)}
    assert row_of(source, names, [1, NOON, 5], known) is None
    changed = row_of(source, names, [1, NOON, 6], known)
    assert changed is not None
    assert changed.change == "changed"
    assert changed.mark != new.mark
    record = record_of(source, changed)
    assert (record.source, record.item, record.fields["_change"]) == ("s", "id 1", "changed")


def test_without_a_cursor_a_state_that_comes_back_is_another() -> None:
    source = _source()
    first = row_of(source, ["id", "v"], [1, 39], {})
    assert first is not None
    second = row_of(source, ["id", "v"], [1, 38], {first.taken.key: (first.taken.content, 1)})
    assert second is not None
    third = row_of(source, ["id", "v"], [1, 39], {first.taken.key: (second.taken.content, 2)})
    assert third is not None
    assert len({first.mark, second.mark, third.mark}) == 3


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"query": "DROP TABLE x"}, "must be a SELECT"),
        ({"table": "a; DROP TABLE x"}, "pattern"),
        ({"table": "a", "query": "SELECT 1"}, "one of them"),
        ({"table": "a", "append": True, "id": ["a", "b"]}, "one id column"),
        ({"table": "a", "start": 5}, "`start` needs"),
        ({"table": "a", "address": "x"}, "for readings"),
        ({"table": "a", "zone": "Mars"}, "not known"),
    ],
)
def test_a_wrong_source_says_why(source: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SqlConfig.model_validate(
            {"url": "sqlite:///x", "sources": [{"name": "s", "id": "id"} | source]}
        )


def test_the_driver_is_ours_and_the_password_comes_from_its_file(tmp_path: Any) -> None:
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

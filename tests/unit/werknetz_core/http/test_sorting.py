"""Pages by cursors: each row once, however many share a sort value, also where rows come and go."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US, instant_of
from werknetz.texts.sentence import Sentence
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParams
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import (
    Cursor,
    Sorting,
    SortKey,
    SortType,
    paginate,
    parse_cursor,
    sort_and_paginate,
)

TYPES = {"name": SortType.TEXT, "size": SortType.NUMBER, "at": SortType.TIME}
AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
ROWS = [
    {"name": name, "size": size} for name, size in zip("abcdef", (2, 1, 2, 3, 1, 2), strict=True)
]


def pages(rows: list[dict[str, Any]], **params: Any) -> list[list[dict[str, Any]]]:
    split: list[list[dict[str, Any]]] = []
    cursor: str | None = None
    while cursor is not None or not split:
        page, cursor = sort_and_paginate(
            rows, ListParams(cursor=cursor, **params), default="size", keys=("name", "size"),
            tie="name",
        )  # fmt: skip
        split.append(page)
    return split


@pytest.mark.parametrize("sort", [None, "size", "-size", "name", "-name", " -size "])
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 7])
def test_pages_hold_each_row_once_in_order(sort: str | None, limit: int) -> None:
    split = pages(ROWS, sort=sort, limit=limit)
    order = (sort or "size").strip()
    name = order.removeprefix("-")
    ordered = sorted(ROWS, key=lambda r: (r[name], r["name"]), reverse=order.startswith("-"))
    assert [row for page in split for row in page] == ordered
    assert [len(page) for page in split[:-1]] == [limit] * (len(split) - 1)
    assert len(split) == -(-len(ROWS) // limit)  # a page that is just full is the last


@given(st.data())
def test_rows_that_come_and_go_neither_skip_nor_repeat_others(data: st.DataObject) -> None:
    rows = data.draw(
        st.lists(
            st.fixed_dictionaries({"name": st.text("ab", min_size=1), "size": st.integers(0, 2)}),
            unique_by=lambda row: row["name"], max_size=8,
        )
    )  # fmt: skip
    staying = [row for row in rows if data.draw(st.booleans())]
    params = ListParams(limit=data.draw(st.integers(1, 3)), sort="-size")
    first, cursor = sort_and_paginate(
        rows, params, default="size", keys=("name", "size"), tie="name"
    )
    if cursor is None:
        return
    rest, _ = sort_and_paginate(
        staying, ListParams(limit=100, sort="-size", cursor=cursor), default="size",
        keys=("name", "size"), tie="name",
    )  # fmt: skip
    assert rest == [row for row in sorted(staying, key=order_of, reverse=True) if row not in first]


def order_of(row: dict[str, Any]) -> tuple[int, str]:
    return row["size"], row["name"]


def test_a_cursor_of_a_list_that_became_empty_ends_it() -> None:
    _, cursor = sort_and_paginate(
        ROWS, ListParams(limit=1), default="size", keys=("name", "size"), tie="name"
    )
    assert cursor is not None
    empty = ListParams(cursor=cursor)
    assert sort_and_paginate([], empty, default="size", keys=("size",), tie="name") == ([], None)
    with pytest.raises(Problem):
        sort_and_paginate([], ListParams(sort="x"), default="size", keys=("size",), tie="name")


@pytest.mark.parametrize(
    ("name", "value", "tie"), [("name", "z", 7), ("size", -3, 7), ("at", AT, 7)]
)
@pytest.mark.parametrize("sign", ["", "-"])
def test_a_cursor_names_its_order_and_its_last_item(
    name: str, value: object, tie: int, sign: str
) -> None:
    text = Cursor(name, bool(sign), None).encode_next(value, tie)
    parsed = parse_cursor(f"{sign}{name}", text, default="size", types=TYPES, tie=SortType.NUMBER)
    assert parsed == Cursor(name, bool(sign), (value, tie))
    for other in (name if sign else f"-{name}", "name" if name != "name" else "size"):
        with pytest.raises(Problem) as refused:
            parse_cursor(other, text, default="size", types=TYPES, tie=SortType.NUMBER)
        if other in {name, f"-{name}"}:
            detail = refused.value.detail
            assert isinstance(detail, Sentence)
            assert detail.fields == {"cursor_sort": f"{sign}{name}", "sort": other}


@pytest.mark.parametrize("sort", ["", "-", "--size", "Size", "size ,name", "+size"])
def test_an_unknown_order_is_refused(sort: str) -> None:
    if not sort:  # as if it were not sent
        assert (
            parse_cursor(sort, None, default="size", types=TYPES, tie=SortType.TEXT).name == "size"
        )
        return
    with pytest.raises(Problem) as refused:
        parse_cursor(sort, None, default="size", types=TYPES, tie=SortType.TEXT)
    assert refused.value.errors[0]["pointer"] == "/query/sort"


@pytest.mark.parametrize(
    ("us", "at"),
    [
        (TIME_MAX_US, instant_of(TIME_MAX_US)), (TIME_MAX_US + 1, instant_of(TIME_MAX_US)),
        (TIME_MIN_US, instant_of(TIME_MIN_US)), (TIME_MIN_US - 1, instant_of(TIME_MIN_US)),
    ],
)  # fmt: skip
def test_a_time_beyond_all_times_is_the_last_one(us: int, at: datetime) -> None:
    text = pagination.encode_cursor("at", us, 1)
    parsed = parse_cursor("at", text, default="at", types=TYPES, tie=SortType.NUMBER)
    assert parsed.after == (at, 1)


@pytest.mark.parametrize(
    ("number", "fits"),
    [(2**63 - 1, True), (2**63, False), (-(2**63) + 1, True), (-(2**63), False)],
)
def test_a_number_in_a_cursor_fits_a_bigint(number: int, *, fits: bool) -> None:
    text = pagination.encode_cursor(number)
    if fits:
        assert pagination.decode_cursor(text, int) == (number,)
        return
    with pytest.raises(Problem) as refused:
        pagination.decode_cursor(text, int)
    assert refused.value.errors[0]["pointer"] == "/query/cursor"


def test_a_tie_that_is_no_uuid_is_refused() -> None:
    number = UUID(int=5)
    for tie in (str(number), "5"):
        text = pagination.encode_cursor("name", "a", tie)
        if tie == "5":
            with pytest.raises(Problem):
                parse_cursor("name", text, default="name", types=TYPES, tie=SortType.UUID)
            continue
        parsed = parse_cursor("name", text, default="name", types=TYPES, tie=SortType.UUID)
        assert parsed.after == ("a", number)


@pytest.mark.parametrize(
    ("rows", "limit", "page", "more"),
    [("abc", 2, "ab", True), ("ab", 2, "ab", False), ("", 1, "", False)],
)
def test_one_row_more_than_the_limit_follows(
    rows: str, limit: int, page: str, *, more: bool
) -> None:
    assert pagination.paginate(rows, limit) == ([*page], more)


def test_a_query_reads_one_row_more_from_behind_the_last_item() -> None:
    table = sa.table("t", sa.column("size", sa.Integer), sa.column("id", sa.Integer))
    sorting = Sorting(
        "-size", tie=SortKey(table.c.id, SortType.NUMBER),
        keys={"size": SortKey(table.c.size, SortType.NUMBER)},
    )  # fmt: skip
    text = Cursor("size", True, None).encode_next(4, 9)
    for sort, sign in (("-size", "<"), ("size", ">")):
        cursor = text if sort == "-size" else Cursor("size", False, None).encode_next(4, 9)
        query, _ = sorting.page_query(
            sa.select(table), ListParams(limit=10, sort=sort, cursor=cursor)
        )
        sql = " ".join(str(query.compile(compile_kwargs={"literal_binds": True})).split())
        assert f"WHERE (t.size, t.id) {sign} (4, 9)" in sql
        assert sql.endswith("LIMIT 11")
        assert ("t.size DESC, t.id DESC" if sort == "-size" else "t.size ASC, t.id ASC") in sql


@pytest.mark.parametrize("sort", ["size", "-size", "name", "-name"])
@pytest.mark.parametrize("limit", [1, 2, 5, 6, 7])
def test_pages_of_a_database_hold_each_row_once_in_order(sort: str, limit: int) -> None:
    table = sa.Table("t", sa.MetaData(), sa.Column("name", sa.Text), sa.Column("size", sa.Integer))
    sorting = Sorting(
        "size", tie=SortKey(table.c.name),
        keys={"size": SortKey(table.c.size, SortType.NUMBER), "name": SortKey(table.c.name)},
    )  # fmt: skip
    engine = sa.create_engine("sqlite://")
    read: list[dict[str, Any]] = []
    sizes: list[int] = []
    cursor: str | None = None
    with engine.connect() as connection:
        table.create(connection)
        connection.execute(sa.insert(table), ROWS)
        while cursor is not None or not sizes:
            params = ListParams(limit=limit, sort=sort, cursor=cursor)
            query, parsed = sorting.page_query(sa.select(table), params)
            rows = connection.execute(query).mappings().all()
            page, cursor = paginate(rows, parsed, limit)
            read += [{"name": row["name"], "size": row["size"]} for row in page]
            sizes.append(len(page))
    engine.dispose()
    assert read == [row for part in pages(ROWS, sort=sort, limit=100) for row in part]
    assert sizes[:-1] == [limit] * (len(sizes) - 1)
    assert len(sizes) == -(-len(ROWS) // limit)

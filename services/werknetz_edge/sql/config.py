"""Configuration of one database. The field descriptions are the documentation."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from werknetz.connector.time_format import check_zone

_STRICT: Final = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
DRIVERS: Final = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "mssql": "mssql+mssqlpython",
    "oracle": "oracle+oracledb",
    "hana": "hana+hdbcli",
}
_NAME: Final = r"^[^.\"'`\[\]\x00;]+(\.[^.\"'`\[\]\x00;]+)?$"


class SqlSource(BaseModel):
    """One table or query.

    With `changed_at`, rows are read when they change; with `append`, by their growing id. Otherwise
    each poll reads the whole table and compares it with the one before: for small tables.
    """

    model_config = _STRICT
    name: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        description="name of the source in the mapping's rules"
    )
    table: str | None = Field(default=None, pattern=_NAME, description="table or schema.table")
    query: str | None = Field(default=None, description="a SELECT, without ORDER BY and LIMIT")
    kind: Literal["records", "readings"] = Field(alias="as", default="records")
    id: tuple[str, ...] = Field(min_length=1, description="columns that identify a row, not null")
    changed_at: str | None = Field(
        default=None,
        description="column that grows with each change: a time, number, rowversion; "
        "rows where it is null are not read, but counted in the status",
    )
    append: bool = Field(
        default=False,
        description="rows are only added, and the id grows. Ids that begin again name new rows",
    )
    lag_s: Annotated[float, Field(ge=0, le=604_800)] = Field(
        default=300.0,
        description="for times: how much later than the time it writes a transaction may commit",
    )
    lag: Annotated[int, Field(ge=0)] = Field(
        default=1000, description="the same for numbers and rowversions"
    )
    start: datetime | int | None = Field(default=None, description="older rows are not read")
    zone: str = Field(default="UTC", description="of times without a zone, such as Europe/Berlin")
    time: str | None = Field(
        default=None, description="column with the row's time; default: `changed_at`"
    )
    address: str | None = Field(
        default=None, description="readings: such as mes/{line}; the column's name is added after #"
    )
    deletions_every_s: Annotated[float, Field(ge=0.1)] | None = Field(
        default=None,
        description="interval of comparing ids, to find rows that were deleted",
    )
    deletions: Literal["withdraw", "record"] = Field(
        default="withdraw",
        description="what a deleted row means. withdraw: the facts of the row end; record: it is "
        "a record of the source <name>/deleted with the id, for an event rule of its own",
    )
    rows_max: Annotated[int, Field(ge=1)] = Field(
        default=500_000, description="limit for a table that is read or compared as a whole"
    )

    @field_validator("id", mode="before")
    @classmethod
    def _to_tuple(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str) -> str:
        return check_zone(zone) or "UTC"

    @field_validator("query")
    @classmethod
    def _query(cls, query: str | None) -> str | None:
        if query is None:
            return None
        query = query.strip().rstrip(";").strip()
        if query.split(None, 1)[0].lower() not in {"select", "with"}:
            raise ValueError("query must be a SELECT")
        return query

    @model_validator(mode="after")
    def _check_combination(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("set either `table` or `query`")
        if self.append and self.changed_at is not None:
            raise ValueError("`append` is for tables without `changed_at`: remove one of them")
        if self.append and len(self.id) != 1:
            raise ValueError("`append` needs one id column, which grows")
        if self.start is not None and self.cursor is None:
            raise ValueError("`start` needs `changed_at` or `append`")
        if self.kind == "records" and self.address is not None:
            raise ValueError("`address` is for readings: remove it")
        return self

    @property
    def cursor(self) -> str | None:
        """The column that orders new rows; None: the whole table is compared."""
        return self.id[0] if self.append else self.changed_at

    @property
    def stores_all_rows(self) -> bool:
        """Whether the state holds every row, not only those that the next poll may read again."""
        return self.cursor is None or self.deletions_every_s is not None


class SqlConfig(BaseModel):
    model_config = _STRICT
    url: str = Field(description="postgresql://user@host/db, mariadb://…, sqlite:////path, …")
    password_file: Path | None = Field(default=None, description="instead of a password in `url`")
    poll_s: Annotated[float, Field(gt=0, le=86_400)] = 10.0
    timeout_s: Annotated[float, Field(gt=0, le=600)] = Field(
        default=30.0, description="of connecting and of each statement"
    )
    page_rows: Annotated[int, Field(ge=1, le=10_000)] = 1_000
    sources: tuple[SqlSource, ...] = Field(min_length=1, max_length=200)

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        try:
            make_url(url)
        except ArgumentError as error:
            raise ValueError("url must read postgresql://user@host:port/database") from error
        return url

    @model_validator(mode="after")
    def _names(self) -> Self:
        names = [source.name for source in self.sources]
        duplicates = {name for name in names if names.count(name) > 1}
        if duplicates:
            raise ValueError(f"source {min(duplicates)!r} is defined twice: use different names")
        return self

    @property
    def target(self) -> URL:
        """The URL with our driver and the current password: its file may have changed."""
        url = make_url(self.url)
        url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
        if self.password_file is not None:
            password = self.password_file.read_text(encoding="utf-8").rstrip(os.linesep)
            url = url.set(password=password)
        return url

"""Query parameters of every list (limit, cursor, sort, fields, format), and its response."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel

from werknetz.texts.sentence import Sentence
from werknetz_core.http import pagination
from werknetz_core.http.formats import (
    JSON_OUTPUT,
    CsvDialect,
    Format,
    Item,
    OutputFormat,
    negotiate,
    render,
)
from werknetz_core.http.problem import invalid_parameter
from werknetz_core.http.responses import VARY, json_response


@dataclass(frozen=True, slots=True)
class ListParams:
    limit: int = 100
    cursor: str | None = None
    sort: str | None = None
    fields: tuple[str, ...] = ()  # empty: all
    output: OutputFormat = JSON_OUTPUT


DEFAULT_LIST_PARAMS: Final = ListParams()


def list_params(limit_default: int) -> Callable[..., Coroutine[Any, Any, ListParams]]:
    """Return the dependency that reads the parameters of a list."""

    async def read_list_params(
        request: Request,
        limit: pagination.LimitParam = limit_default,
        cursor: pagination.CursorParam = None,
        sort: Annotated[
            str | None,
            Query(description="One sort key; prefix - for descending. Each route lists its keys."),
        ] = None,
        fields: Annotated[
            list[str], Query(description="Return only these fields; comma-separated or repeated.")
        ] = [],  # noqa: B006 - FastAPI copies
        format: Annotated[  # noqa: A002 - the name of the query parameter
            Format | None, Query(description="Default: by the Accept header, else json.")
        ] = None,
        csv_dialect: CsvDialect = CsvDialect.STANDARD,
    ) -> ListParams:
        output = output_format_of(request.headers.get("accept"), format, csv_dialect)
        return ListParams(limit, cursor, sort, fields_of(fields), output)

    return read_list_params


ListParamsDep = Annotated[ListParams, Depends(list_params(100))]
LargeListParamsDep = Annotated[ListParams, Depends(list_params(pagination.LIMIT_MAX))]


def output_format_of(
    accept: str | None, requested: Format | None, dialect: CsvDialect
) -> OutputFormat:
    """Return the output format; a CSV dialect without a format implies CSV."""
    if requested is None and dialect is not CsvDialect.STANDARD:
        requested = Format.CSV
    return OutputFormat(requested or negotiate(accept), dialect)


async def read_output(
    request: Request,
    format: Annotated[  # noqa: A002 - the name of the query parameter
        Format | None, Query(description="Default: by the Accept header, else json.")
    ] = None,
    csv_dialect: CsvDialect = CsvDialect.STANDARD,
) -> OutputFormat:
    """Return the output format of an answer that is no list of pages."""
    return output_format_of(request.headers.get("accept"), format, csv_dialect)


OutputDep = Annotated[OutputFormat, Depends(read_output)]


def fields_of(values: Sequence[str]) -> tuple[str, ...]:
    """Return the distinct names in comma-separated parameter values."""
    return tuple(
        dict.fromkeys(name.strip() for value in values for name in value.split(",") if name)
    )


def select_fields(requested: Sequence[str], available: Sequence[str]) -> Sequence[str]:
    """Return the fields of the response; raise 422 for an unknown one."""
    for name in requested:
        if name not in available:
            raise invalid_parameter(
                "fields",
                Sentence("requests.unknown_field", name=name),
                Sentence("requests.fields", available=[*available]),
            )
    return requested or available


def list_response(
    request: Request,
    params: ListParams,
    items: Sequence[Item] | Sequence[BaseModel],
    fields: Sequence[str],
    *,
    next_cursor: str | None = None,
    envelope: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the items in the requested format, with the requested fields.

    `envelope` holds what JSON contains beside `items`; None: `next_cursor`.
    """
    names = select_fields(params.fields, fields)
    rows: list[Item] = [i.model_dump() if isinstance(i, BaseModel) else i for i in items]
    if params.output.format is Format.JSON:
        if params.fields:
            rows = [{name: row.get(name) for name in names} for row in rows]
        rest = {"next_cursor": next_cursor} if envelope is None else dict(envelope)
        response = json_response({"items": rows, **rest}, headers)
    else:
        body = render(rows, names, params.output)
        response = Response(body, 200, headers, params.output.media_type)
    if params.output.format is Format.CSV:
        name = request.url.path.rpartition("/")[2]
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.headers["Vary"] = VARY
    pagination.set_next_link(request, response, next_cursor)
    return response


def document_response(
    request: Request,
    output: OutputFormat,
    document: Mapping[str, Any],
    table_of: Callable[[Mapping[str, Any]], tuple[Sequence[str], Sequence[Item]]],
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a document as JSON, or what `table_of` makes of it: the columns and their rows."""
    if output.format is Format.JSON:
        return json_response(document, headers)
    columns, rows = table_of(document)
    return list_response(request, ListParams(output=output), rows, columns, headers=headers)


def columns_of(view: type[BaseModel]) -> Sequence[str]:
    return tuple(view.model_fields)

"""What a KPI request asks for, read by hand: this route is polled, so it reads nothing twice."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar

from starlette.datastructures import QueryParams

from werknetz.kpi.catalogue import CATALOGUE, SUBJECTS
from werknetz.kpi.definition import Divisor, Kpi, KpiSubject
from werknetz_core.http.formats import CsvDialect, Format
from werknetz_core.http.list_params import (
    DEFAULT_LIST_PARAMS,
    ListParams,
    fields_of,
    output_format_of,
)
from werknetz_core.http.problem import Problem, invalid_parameter
from werknetz_core.kpis.values.schemas import KpiQueryBody

REPEATED_MAX: Final = 50
SORT_KEYS: Final = (*SUBJECTS, "kpi", "start", "value", "coverage")
_SINGLE: Final = ("start", "end", "granularity", "tz", "divisor", "sort", "format", "csv_dialect")
_KNOWN: Final = frozenset({*SUBJECTS, "kpi", "fields", *_SINGLE})
_LIST_PARAMETERS: Final = frozenset({"fields", "sort", "format", "csv_dialect"})
_Choice = TypeVar("_Choice", Format, CsvDialect)


@dataclass(frozen=True, slots=True)
class KpiQuery:
    scope: str  # whose values: the parameter that was given
    names: tuple[str, ...]
    kpis: tuple[Kpi, ...]
    start: str = "-24h"
    end: str | None = None
    granularity: str = "none"
    tz: str | None = None
    divisor: Divisor = Divisor.FAILURES_PLUS_ONE
    list_params: ListParams = DEFAULT_LIST_PARAMS  # how the answer is given

    @property
    def subject(self) -> KpiSubject[Any]:
        return SUBJECTS[self.scope]

    @classmethod
    def of(cls, given: KpiQueryBody) -> Self:
        scope = _single_scope([name for name in SUBJECTS if getattr(given, name)])
        return cls(
            scope,
            _distinct_values(scope, getattr(given, scope)),
            _find_kpis(given.kpi, scope),
            given.start,
            given.end,
            given.granularity,
            given.tz,
            _parse_divisor(given.divisor),
        )

    @classmethod
    def read(cls, parameters: QueryParams, accept: str | None = None) -> Self:
        """Read the query string; an unknown name is an error, so that no typo is ignored."""
        if unknown := parameters.keys() - _KNOWN:
            name = min(unknown)
            near = difflib.get_close_matches(name, _KNOWN, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(sorted(_KNOWN))}."
            raise invalid_parameter(name, f"There is no parameter {name!r} here.", hint)
        scope = _single_scope([name for name in SUBJECTS if name in parameters])
        return cls(
            scope,
            _values_of(parameters, scope),
            _find_kpis(_values_of(parameters, "kpi"), scope),
            parameters.get("start", "-24h"),
            parameters.get("end"),
            parameters.get("granularity", "none"),
            parameters.get("tz"),
            _parse_divisor(parameters.get("divisor", "fe+1")),
            _parse_list_params(parameters, accept),
        )


def parameter_documents() -> Sequence[dict[str, object]]:
    """Return the OpenAPI form of what `read` reads."""
    text: dict[str, object] = {"type": "string"}
    many: dict[str, object] = {
        "type": "array",
        "items": text,
        "minItems": 1,
        "maxItems": REPEATED_MAX,
    }
    told: dict[str, tuple[dict[str, object], str]] = {
        "equipment": (many, "Equipment path, of any level; repeated: each of them."),
        "supplier": (many, "Instead of equipment: key of a supplier, or * for each."),
        "warehouse": (many, "Instead of equipment: key of a warehouse, or * for each."),
        "kpi": (many, "Name of a KPI, see /api/v1/kpis; repeated: each of them."),
        "start": ({**text, "default": "-24h"}, "RFC 3339, epoch ms, -8h, shift:current, …"),
        "end": (text, "As start; none: now, or the end of what start names."),
        "granularity": ({**text, "default": "none"}, "hour, shift, 1d, 1w, 1mo or none."),
        "tz": (text, "IANA zone of days, weeks and months; none: the plant's."),
        "divisor": ({**text, "default": "fe+1"}, "Of mean times (31 to 33): fe+1 or fe."),
        "sort": (text, f"One of {', '.join(SORT_KEYS)}; - before it for descending."),
        "fields": ({"type": "array", "items": text}, "Only these; with commas or repeated."),
        "format": ({**text, "enum": [*Format]}, "None: by the Accept header, else json."),
        "csv_dialect": ({**text, "enum": [*CsvDialect]}, "How CSV is written."),
    }
    return [
        {
            "name": name,
            "in": "query",
            "required": name == "kpi",
            "schema": schema,
            "description": description,
        }
        for name, (schema, description) in told.items()
    ]


def _parse_list_params(parameters: QueryParams, accept: str | None) -> ListParams:
    """Return how the answer is to be given; what dashboards poll asks for nothing special."""
    if accept in {None, "*/*", "application/json"} and _LIST_PARAMETERS.isdisjoint(
        parameters.keys()
    ):
        return DEFAULT_LIST_PARAMS
    sort = parameters.get("sort")
    if sort is not None and sort.removeprefix("-") not in SORT_KEYS:
        raise invalid_parameter(
            "sort",
            f"sort={sort!r} is not known here.",
            f"Sort by one of {', '.join(SORT_KEYS)}; a - before it begins at the largest.",
        )
    format_ = _parse_choice(parameters, "format", Format)
    dialect = _parse_choice(parameters, "csv_dialect", CsvDialect) or CsvDialect.STANDARD
    fields = fields_of(parameters.getlist("fields"))
    return ListParams(sort=sort, fields=fields, output=output_format_of(accept, format_, dialect))


def _parse_choice(parameters: QueryParams, name: str, words: type[_Choice]) -> _Choice | None:
    text = parameters.get(name)
    if text is None:
        return None
    try:
        return words(text)
    except ValueError as error:
        raise invalid_parameter(
            name, f"{name}={text!r} is not known.", f"Write one of {', '.join(words)}."
        ) from error


def _values_of(parameters: QueryParams, name: str) -> tuple[str, ...]:
    return _distinct_values(name, parameters.getlist(name))


def _distinct_values(name: str, given: Sequence[str]) -> tuple[str, ...]:
    """Return what is asked for, each once; none or too many is an error."""
    values = tuple(dict.fromkeys(given))
    if 1 <= len(values) <= REPEATED_MAX:
        return values
    example = "equipment=nordwerk/emden-1" if name == "equipment" else f"{name}=…"
    raise invalid_parameter(
        name,
        f"{name} is given {len(values)} times.",
        f"Give 1 to {REPEATED_MAX}: {'kpi=oee' if name == 'kpi' else example}.",
    )


def _single_scope(given: Sequence[str]) -> str:
    """Return the one scope that is asked of; none is asked of the equipment, which then misses."""
    if len(given) < 2:
        return given[0] if given else "equipment"
    raise invalid_parameter(
        given[1],
        f"{' and '.join(given)} are given at once.",
        "A value is of one of them: ask twice, or POST /api/v1/kpi_values:query.",
    )


def _find_kpis(names: Sequence[str], scope: str) -> tuple[Kpi, ...]:
    found = tuple(find_kpi(name) for name in names)
    for kpi in found:
        if kpi.subject.name != scope:
            errors = [{"pointer": "/query/kpi", "code": "other_scope", "detail": kpi.name}]
            raise Problem(
                422,
                "other_scope",
                f"{kpi.name} is no KPI of {scope}.",
                f"Ask it with {kpi.subject.name}=…; GET /api/v1/kpis says the scope of each.",
                errors=errors,
            )
    return found


def find_kpi(name: str) -> Kpi:
    found = CATALOGUE.get(name)
    if found is not None:
        return found
    near = difflib.get_close_matches(name, CATALOGUE, n=3, cutoff=0.4)
    hint = f"Did you mean {', '.join(near)}? " if near else ""
    errors = [{"pointer": "/query/kpi", "code": "unknown_kpi", "detail": name}]
    raise Problem(
        422,
        "unknown_kpi",
        f"There is no KPI {name!r}.",
        f"{hint}GET /api/v1/kpis lists all.",
        errors=errors,
    )


def _parse_divisor(text: str) -> Divisor:
    # "+" in a URL means a space.
    plain = text.replace(" ", "+")
    if plain in set(Divisor):
        return Divisor(plain)
    raise invalid_parameter("divisor", f"divisor={text!r} is not known.", "Write fe+1 or fe.")

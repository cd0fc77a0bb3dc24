"""What an operator says about documents that a web interface gives: shared by webhook and rest."""

import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from werknetz.connector.time_format import TimeFormat

Payload = Literal["json", "ndjson", "csv", "text"]
PLACEHOLDER: Final = re.compile(r"\{([^{}]+)\}")
_STRICT: Final = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _to_tuple(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


Paths = Annotated[tuple[str, ...], BeforeValidator(_to_tuple)]


class ReadingsConfig(BaseModel):
    """How a row becomes readings: `<address>#<path>`, as the MQTT connector names its fields."""

    model_config = _STRICT
    address: str = Field(
        min_length=1,
        description="address of a row; `{path}` takes a value of it: 'scales/{hall}/{number}'",
    )
    values: Paths = Field(
        (), description="paths of the values; default: every field of the row that is no structure"
    )

    @property
    def address_paths(self) -> frozenset[str]:
        """The paths that the address takes."""
        return frozenset(PLACEHOLDER.findall(self.address))


class DocumentConfig(BaseModel):
    """How a document is read."""

    model_config = _STRICT
    payload: Payload = "json"
    records: str = Field(
        "",
        description="JSON: path to the array, such as 'data.items'; default: the document. A "
        "document that is an array itself needs no path",
    )
    key: Paths = Field(
        (),
        description="paths whose values make a row the same one when it is told again. Name also "
        "what changes with a correction, such as a version: the same key with other content goes "
        "to quarantine",
    )
    output: Literal["records", "readings"] = Field("records", alias="as")
    readings: ReadingsConfig | None = Field(None, description="needed for `as: readings`")
    time: TimeFormat | None = Field(None, description="the row's own time; default: arrival")
    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="CSV; default: found in the header"
    )
    encoding: Literal["utf-8", "cp1252", "iso-8859-1", "iso-8859-15"] = Field(
        "utf-8", description="of CSV and text"
    )

    @model_validator(mode="after")
    def _check_combination(self) -> Self:
        if (self.output == "readings") != (self.readings is not None):
            raise ValueError("`as: readings` and `readings: {address: …}` go together")
        if self.records and self.payload != "json":
            raise ValueError("`records` is a path in JSON: drop it for other payloads")
        if self.delimiter is not None and self.payload != "csv":
            raise ValueError("`delimiter` is for `payload: csv`")
        return self

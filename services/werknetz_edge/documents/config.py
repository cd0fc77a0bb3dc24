"""Configuration of the documents of web interfaces, shared by webhook and REST."""

import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from werknetz.connector.content.elements import ElementsConfig
from werknetz.connector.content.quality import QualityForm
from werknetz.connector.time_format import TimeFormat

Payload = Literal["json", "ndjson", "csv", "text"]
PLACEHOLDER: Final = re.compile(r"\{([^{}]+)\}")
_STRICT: Final = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _to_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Paths = Annotated[tuple[str, ...], BeforeValidator(_to_tuple)]


class ReadingsConfig(BaseModel):
    """How a row becomes readings: `<address>#<path>`, as the MQTT connector names its fields."""

    model_config = _STRICT
    address: str = Field(
        min_length=1,
        description="address of a row; `{path}` stands for a value in it: 'scales/{hall}/{number}'",
    )
    values: Paths = Field(
        (), description="paths of the values; default: every plain field of the row"
    )

    elements: ElementsConfig | None = Field(
        None,
        description="an array of named values in the row: each is one reading, `<address>#<key>`",
    )
    status: str | None = Field(
        None, description="path of the quality of the row's values; missing or null: good"
    )
    quality: QualityForm = Field(
        "auto", description="auto: 192, 0, true, false, GOOD, OPC UA codes; opc_da, opc_ua, two_bit"
    )

    @model_validator(mode="after")
    def _elements_stand_alone(self) -> Self:
        if self.elements is not None and (self.values or self.status is not None):
            raise ValueError(
                "`elements` have values and status of their own: remove those beside it"
            )
        return self

    @property
    def address_paths(self) -> frozenset[str]:
        """The paths whose values the address contains."""
        return frozenset(PLACEHOLDER.findall(self.address))


class DocumentConfig(BaseModel):
    """How a document is read."""

    model_config = _STRICT
    payload: Payload = "json"
    records: str = Field(
        "",
        description="JSON: path to the array, such as 'data.items'; default: the whole document. "
        "A document that is an array needs no path",
    )
    key: Paths = Field(
        (),
        description="paths whose values identify a row, such as its id: a repetition is dropped, "
        "and other content is a correction or goes to quarantine, see `corrections`",
    )
    corrections: Literal["accept", "quarantine"] | None = Field(
        None,
        description="what the same key with other content means. accept: the row has changed; "
        "default of REST. quarantine: a message has one content; default of webhooks",
    )
    version: str | None = Field(
        None,
        description="path of a whole number that grows with each correction of a row: an older "
        "state never replaces a newer one, in whatever order they arrive",
    )
    output: Literal["records", "readings"] = Field(
        "records",
        alias="as",
        validation_alias=AliasChoices("as", "kept_as"),  # the latter: accepted until 0.1
        description="store rows as business records, or as readings of signals",
    )
    readings: ReadingsConfig | None = Field(None, description="required by `as: readings`")
    time: TimeFormat | None = Field(None, description="the row's own time; default: arrival")
    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="CSV; default: detected in the header"
    )
    encoding: Literal["utf-8", "cp1252", "iso-8859-1", "iso-8859-15"] = Field(
        "utf-8", description="of CSV and text"
    )

    @property
    def paths(self) -> frozenset[str]:
        """The paths that the configuration reads of a row."""
        paths = {*self.key} | ({self.time.path} if self.time is not None else set())
        if self.readings is not None:
            paths |= {*self.readings.values} | self.readings.address_paths
        return frozenset(paths)

    @model_validator(mode="after")
    def _check_payload_options(self) -> Self:
        if (self.output == "readings") != (self.readings is not None):
            raise ValueError("`as: readings` and `readings: {address: …}` go together")
        if self.records and self.payload != "json":
            raise ValueError("`records` is a path in JSON: drop it for other payloads")
        if self.delimiter is not None and self.payload != "csv":
            raise ValueError("`delimiter` is for `payload: csv`")
        return self

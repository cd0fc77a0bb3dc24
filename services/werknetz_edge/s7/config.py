"""Options of an S7 source in the edge file."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from werknetz_edge.polling.options import PolledItem, PollingOptions, check_names, expand_items
from werknetz_edge.polling.point import Point
from werknetz_edge.s7.address import OFFSET_MAX, S7Address, parse_address
from werknetz_edge.s7.datatype import ENCODING, check_encoding


def _check_item_encoding(name: str | None) -> str | None:
    return None if name is None else check_encoding(name)


class S7Item(PolledItem):
    """One value of the PLC, or `count` of them: an array."""

    address: str = Field(
        description="DB10.DBD4:REAL, DB1.DBX0.3, DB2.DBB8:STRING[20], MW20:INT, I0.0, Q4.1; types:"
        " BOOL, BYTE, USINT, SINT, WORD, UINT, INT, DWORD, UDINT, DINT, REAL, LWORD, ULINT, LINT,"
        " LREAL, CHAR, WCHAR, STRING[n], WSTRING[n], TIME and S5TIME (ms), LTIME (ns), TIME_OF_DAY"
        " (ms), LTIME_OF_DAY (ns), DATE, DATE_AND_TIME, DTL, LDT (ISO text, without a zone)"
    )

    encoding: Annotated[str | None, AfterValidator(_check_item_encoding)] = Field(
        None, description="of STRING and CHAR; default: that of the source"
    )

    @property
    def parsed_address(self) -> S7Address:
        return parse_address(self.address)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        last = self.parsed_address.nth((self.count or 1) - 1)
        if last.byte + last.datatype.size - 1 > OFFSET_MAX:
            raise ValueError(f"the last of {self.count} values ends beyond byte {OFFSET_MAX}")
        if self.encoding is not None and last.datatype.name not in {"STRING", "CHAR"}:
            raise ValueError(f"`encoding` is for STRING and CHAR, not for {last.datatype}")
        return self


class S7Config(PollingOptions):
    """Options of one PLC.

    S7-1200/1500: in TIA Portal permit PUT/GET communication (Protection & Security), and switch
    "optimized block access" off for the data blocks that are read.
    """

    port: int = Field(102, ge=1, le=65_535)
    rack: int = Field(0, ge=0, le=7)
    slot: int = Field(
        1, ge=0, le=31, description="S7-1200/1500: 1; S7-300: 2; S7-400: see HW config"
    )
    connection: Literal["pg", "op", "basic"] = Field(
        "basic", description="which of the CPU's connection resources is used"
    )
    pdu_max: int = Field(
        960, ge=240, le=960, description="requested bytes of an answer; the CPU may grant less"
    )
    gap_max: int = Field(
        32, ge=0, le=900, description="unused bytes between two values that one request may include"
    )
    encoding: Annotated[str, AfterValidator(check_encoding)] = Field(
        ENCODING, description="of STRING and CHAR: cp1252, cp1250, cp1251, utf-8, gbk …"
    )
    items: Annotated[tuple[S7Item, ...], BeforeValidator(expand_items)] = Field(
        description="what is read; an item may be its address alone"
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        check_names([point.address for point in self.points()])
        return self

    def points(self) -> list[Point]:
        return [point for item in self.items for point in self._points_of(item)]

    def _points_of(self, item: S7Item) -> list[Point]:
        first = item.parsed_address
        places = [first.nth(index) for index in range(item.count or 1)]
        return [
            Point(
                address=item.name_of_value(index, str(place)),
                area=(place.area, place.block),
                start=place.byte,
                count=place.datatype.size,
                cell=place.datatype.cell(place.bit, item.encoding or self.encoding),
                period_s=item.period_s or self.period_s,
            )
            for index, place in enumerate(places)
        ]

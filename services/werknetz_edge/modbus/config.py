"""Options of a Modbus TCP source in the edge file."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, StrictInt, StrictStr, model_validator

from werknetz_edge.modbus.address import (
    OF_REGISTERS,
    OFFSET_MAX,
    TABLES,
    ModbusAddress,
    Table,
    parse_address,
)
from werknetz_edge.modbus.datatype import (
    Datatype,
    Encoding,
    Order,
    Orders,
    register_cell,
    registers_of,
)
from werknetz_edge.polling.grouping import Limit
from werknetz_edge.polling.options import PolledItem, PollingOptions, check_names, expand_items
from werknetz_edge.polling.point import Area, Bit, Point

REGISTERS_MAX = 125  # Modbus Application Protocol 1.1b3, 6.3 and 6.4
BITS_MAX = 2000  # 6.1 and 6.2


class ModbusItem(PolledItem):
    """One value of a unit, or `count` adjacent values."""

    address: StrictInt | StrictStr = Field(
        description="0-based offset with `table`, or 'holding/100'; without a table the classic"
        " notation, which counts from 1: 40001 is holding 0, '00001' (in quotes) coil 0"
    )
    table: Table | None = Field(None, description="coil, discrete, input or holding")
    unit: int | None = Field(None, ge=0, le=255, description="default: that of the source")
    datatype: Datatype | None = Field(
        None, description="default: uint16 of a register, bool of a coil, a discrete input or a bit"
    )
    bit: int | None = Field(
        None, ge=0, le=15, description="one bit of a register; 0 is the least significant"
    )
    length: int | None = Field(
        None, ge=1, le=REGISTERS_MAX, description="registers of a string, two characters each"
    )
    encoding: Encoding = Field("utf-8", description="of a string")
    word_order: Order | None = Field(
        None, description="big: most significant register first; default: that of the source"
    )
    byte_order: Order | None = Field(
        None, description="of the two bytes of a register; default: that of the source"
    )

    @property
    def parsed_address(self) -> ModbusAddress:
        return parse_address(self.address, self.table, self.bit)

    @property
    def effective_datatype(self) -> Datatype:
        if self.datatype is not None:
            return self.datatype
        place = self.parsed_address
        return "bool" if place.bit is not None or not place.is_register else "uint16"

    @property
    def step(self) -> int:
        """Registers or bits from one value to the next."""
        return (
            registers_of(self.effective_datatype, self.length)
            if self.parsed_address.is_register
            else 1
        )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        place, datatype = self.parsed_address, self.effective_datatype
        if (not place.is_register or place.bit is not None) and datatype != "bool":
            raise ValueError(f"{place} is one bit: datatype {datatype} does not fit, drop it")
        if place.is_register and place.bit is None and datatype == "bool":
            raise ValueError(f"a bool of register {place} needs `bit`, 0 to 15")
        if (datatype == "string") != (self.length is not None):
            raise ValueError("`datatype: string` and `length: <registers>` go together")
        if place.bit is not None and self.count is not None:
            raise ValueError("`count` does not go with a bit of a register: list the bits")
        if place.offset + self.step * (self.count or 1) - 1 > OFFSET_MAX:
            raise ValueError(f"{place} and what follows it ends beyond {OFFSET_MAX}")
        return self


class ModbusConfig(PollingOptions):
    """Options of one Modbus TCP source: a device, or a gateway with several units.

    If a gateway does not answer for a unit that is off, the unit's values are Bad and it is polled
    less often; the others continue. If no unit answers, a new session is opened.
    """

    port: int = Field(502, ge=1, le=65_535)
    unit: int = Field(1, ge=0, le=255, description="unit id; behind a gateway: the slave's address")
    word_order: Order = Field("big", description="big: most significant register first (ABCD)")
    byte_order: Order = Field("big", description="of the two bytes of a register")
    registers_max: int = Field(
        REGISTERS_MAX, ge=4, le=REGISTERS_MAX, description="registers that one answer may have"
    )
    bits_max: int = Field(BITS_MAX, ge=8, le=BITS_MAX, description="bits that one answer may have")
    gap_max: int = Field(
        8,
        ge=0,
        le=BITS_MAX,
        description="unused registers or bits between two values that one request may include;"
        " 0 where a device refuses addresses that its manual does not list",
    )
    items: Annotated[tuple[ModbusItem, ...], BeforeValidator(expand_items)] = Field(
        description="what is read; an item may be its address alone: 40001"
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        check_names([point.address for point in self.points()])
        return self

    def limit(self, area: Area) -> Limit:
        if TABLES[area[1]] in OF_REGISTERS:
            return Limit(self.registers_max, self.gap_max, 2)
        return Limit(self.bits_max, self.gap_max, 1)

    def points(self) -> list[Point]:
        return [point for item in self.items for point in self._points_of(item)]

    def _points_of(self, item: ModbusItem) -> list[Point]:
        place, step = item.parsed_address, item.step
        unit = self.unit if item.unit is None else item.unit
        orders = Orders(item.word_order or self.word_order, item.byte_order or self.byte_order)
        cell = (
            register_cell(
                item.effective_datatype,
                orders,
                bit=place.bit,
                length=item.length,
                encoding=item.encoding,
            )
            if place.is_register
            else Bit(0, 0)
        )
        starts = range(place.offset, place.offset + step * (item.count or 1), step)
        return [
            Point(
                address=item.name_of_value(
                    index, f"modbus/{unit}/{ModbusAddress(place.table, start, place.bit)}"
                ),
                area=(unit, TABLES.index(place.table)),
                start=start,
                count=step,
                cell=cell,
                period_s=item.period_s or self.period_s,
            )
            for index, start in enumerate(starts)
        ]

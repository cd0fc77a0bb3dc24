"""Configuration of IDoc files. The field descriptions are the documentation."""

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from werknetz.connector.time_format import check_zone
from werknetz_edge.files.config import InboxConfig

ROWS: Final = (
    "E1EDL24",  # DELVRY: item of a delivery
    "E1EDP01", "E1EDP20",  # ORDERS: item, and its schedule lines where it has some
    "E1BP2017_GM_ITEM_CREATE",  # MBGMCR: item of a goods movement
    "E1MBXYI",  # WMMBXY: item of a goods movement
)  # fmt: skip
SPLIT: Final = {"E1BP2017_GM_ITEM_CREATE": "MOVE_TYPE", "E1MBXYI": "BWART"}


class IdocConfig(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    inbox: InboxConfig
    rows: tuple[str, ...] = Field(
        default=ROWS,
        min_length=1,
        description="segments that become records; of nested ones the innermost",
    )
    split: dict[str, str] = Field(
        default=SPLIT,
        description="segment: field whose value is added to the source's name, for example "
        "the movement type: idoc/MBGMCR03/E1BP2017_GM_ITEM_CREATE/261",
    )
    qualifiers: tuple[str, ...] = Field(
        default=("QUALF", "QUALI", "PARVW", "PARTNER_Q"),
        description="fields that distinguish segments of one name: E1EDKA1:WE is the ship-to party",
    )
    tests: Literal["quarantine", "accept"] = Field(
        default="quarantine", description="treatment of IDocs with the test flag"
    )
    zone: str = Field(default="UTC", description="of the control record's CREDAT and CRETIM")

    @field_validator("tests", mode="before")
    @classmethod
    def _tests(cls, value: Any) -> Any:
        return "accept" if value == "take" else value  # the word of edge files before 0.1

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str) -> str:
        return check_zone(zone) or "UTC"

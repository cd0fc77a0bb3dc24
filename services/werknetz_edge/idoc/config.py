"""What an operator says about IDoc files. The field descriptions are the documentation."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from werknetz.connector.time_format import check_zone
from werknetz_edge.files.config import InboxConfig

ROWS: Final = (
    "E1EDL24",  # DELVRY: item of a delivery
    "E1EDP01", "E1EDP20",  # ORDERS: item, and its schedule lines where it has some
    "E1BP2017_GM_ITEM_CREATE",  # MBGMCR: item of a goods movement
    "E1MBXYI",  # WMMBXY: the same
)  # fmt: skip
SPLIT: Final = {"E1BP2017_GM_ITEM_CREATE": "MOVE_TYPE", "E1MBXYI": "BWART"}


class IdocConfig(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    inbox: InboxConfig
    rows: tuple[str, ...] = Field(
        default=ROWS,
        min_length=1,
        description="segments that are records; of two within one another the inner one",
    )
    split: dict[str, str] = Field(
        default=SPLIT,
        description="segment: field whose value ends the source's name, as a movement type does: "
        "idoc/MBGMCR03/E1BP2017_GM_ITEM_CREATE/261",
    )
    qualifiers: tuple[str, ...] = Field(
        default=("QUALF", "QUALI", "PARVW", "PARTNER_Q"),
        description="fields that tell segments of one name apart: E1EDKA1:WE is the ship-to party",
    )
    tests: Literal["quarantine", "take"] = Field(
        default="quarantine", description="what becomes of IDocs with the test flag"
    )
    zone: str = Field(default="UTC", description="of the control record's CREDAT and CRETIM")

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str) -> str:
        return check_zone(zone) or "UTC"

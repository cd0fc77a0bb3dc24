"""Configuration of IDoc files. The field descriptions are the documentation."""

from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from werknetz.connector.time_format import check_zone
from werknetz_edge.files.config import InboxConfig
from werknetz_edge.idoc.layouts import layouts_of

ROWS: Final = (
    "E1EDL24",  # DELVRY: item of a delivery
    "E1EDP01", "E1EDP20",  # ORDERS: item, and its schedule lines where it has some
    "E1BP2017_GM_ITEM_CREATE",  # MBGMCR: item of a goods movement
    "E1MBXYI",  # WMMBXY: item of a goods movement
)  # fmt: skip
SPLIT: Final = {"E1BP2017_GM_ITEM_CREATE": "MOVE_TYPE", "E1MBXYI": "BWART"}


DOCUMENTS: Final[dict[str, tuple[str, ...]]] = {
    "E1EDL24": ("E1EDL20.VBELN", "POSNR"),
    "E1EDP01": ("E1EDK01.BELNR", "POSEX"),
    "E1EDP20": ("E1EDK01.BELNR", "E1EDP01.POSEX"),
}
DELETIONS: Final[dict[str, tuple[str, ...]]] = {
    "ACTION": ("002",), "E1EDP01.ACTION": ("002",), "LOEKZ": ("X", "L"),
    "E1EDP01.LOEKZ": ("X", "L"), "MSGFN": ("003",),
}  # fmt: skip
CANCELLATIONS: Final[dict[str, tuple[str, ...]]] = {
    "E1EDL18:DEL.QUALF": ("DEL",),
    "EDI_DC40.MESFCT": ("DEL",),
}
COMPLETE: Final = ("DESADV", "SHPADV", "ORDERS", "DELINS")


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
    documents: dict[str, tuple[str, ...]] = Field(
        default=DOCUMENTS,
        description="segment: paths of the number of its document, and of its line in it. They "
        "identify a record, so that a later IDoc of the document replaces it. Segments without an "
        "entry are identified by the number of the IDoc (DOCNUM) and their position",
    )
    complete: tuple[str, ...] = Field(
        default=COMPLETE,
        description="message types (EDI_DC40.MESTYP) whose IDocs have all lines of a document: "
        "lines that a later IDoc lacks are withdrawn",
    )
    deletions: dict[str, tuple[str, ...]] = Field(
        default=DELETIONS, description="path: values with which the sender deletes a line"
    )
    cancellations: dict[str, tuple[str, ...]] = Field(
        default=CANCELLATIONS,
        description="path: values with which the sender cancels the whole document",
    )
    empty: Literal["quarantine", "accept"] = Field(
        default="quarantine", description="treatment of IDocs without a segment of `rows`"
    )
    layouts: dict[str, dict[str, Annotated[int, Field(gt=0, le=1_000)]]] = Field(
        default={},
        description="flat files: segment: its fields with their lengths, in order. An empty "
        "layout ignores the segment",
    )
    definitions: Path | None = Field(
        default=None,
        description="flat files: the layouts of all segments, as SAP's transaction WE60 exports "
        "them (`parser`)",
    )
    encoding: Literal["utf-8", "iso-8859-1", "cp1252", "utf-16"] = Field(
        default="utf-8", description="of flat files"
    )
    tests: Literal["quarantine", "accept"] = Field(
        default="quarantine", description="treatment of IDocs with the test flag"
    )
    zone: str = Field(default="UTC", description="of the control record's CREDAT and CRETIM")

    @model_validator(mode="after")
    def _check_layouts(self) -> Self:
        layouts_of(self.layouts, self.definitions)  # raises with the remedy
        return self

    @field_validator("tests", mode="before")
    @classmethod
    def _tests(cls, value: Any) -> Any:
        return "accept" if value == "take" else value  # the word of edge files before 0.1

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str) -> str:
        return check_zone(zone) or "UTC"

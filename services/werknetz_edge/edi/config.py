"""Configuration of EDI files. The field descriptions are the documentation."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from werknetz.connector.time_format import check_zone
from werknetz_edge.edi.profile import Partner, Partners
from werknetz_edge.files.config import InboxConfig


class EdiConfig(BaseModel):
    """The options of a connector of protocol `edi`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    inbox: InboxConfig = Field(description="source of the files: `folder` or `sftp`")
    zone: str = Field(
        default="UTC", description="IANA zone of times without a zone; partners may have their own"
    )
    bytes_max: Annotated[int, Field(ge=1_000, le=200_000_000)] = Field(
        default=50_000_000, description="of a file; larger files go to failed/"
    )
    partners: tuple[Partner, ...] = Field(
        default=(), description="profiles of partners; none: every partner follows the standard"
    )
    partners_file: Path | None = Field(
        default=None, description="instead of `partners`: a YAML file with that key"
    )
    unknown_partners: bool = Field(
        default=True, description="false: interchanges of senders without a profile are refused"
    )

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str) -> str:
        return check_zone(zone) or zone

    @model_validator(mode="after")
    def _check_combination(self) -> Self:
        if self.partners and self.partners_file is not None:
            raise ValueError("set `partners` or `partners_file`, not both")
        Partners(partners=self.partners)
        return self

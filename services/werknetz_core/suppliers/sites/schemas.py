"""Sites as the API shows and takes them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from werknetz_core.suppliers.schemas import Word


class SiteView(BaseModel):
    """A place that delivers or receives goods."""

    key: str
    name: str
    partner: str | None  # null: our own site
    plant: str | None
    identities: list[str]


class SiteChange(BaseModel):
    """Fields that are missing stay unchanged."""

    model_config = ConfigDict(extra="forbid")

    name: Word | None = None
    plant: Word | None = Field(None, description="Equipment path of the plant at this site.")
    identities: Annotated[list[Word], Field(max_length=1000)] | None = None

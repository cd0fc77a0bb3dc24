"""Data quality as the API shows it."""

from datetime import datetime

from pydantic import BaseModel


class ValuesView(BaseModel):
    """Stored values by their quality. Shares are of all values; null: there are none."""

    values: int
    good: int
    uncertain: int
    bad: int
    good_share: float | None
    uncertain_share: float | None
    bad_share: float | None


class PlantQualityView(ValuesView):
    equipment: str


class UnmappedTagView(BaseModel):
    """An address that delivers values and that no rule of the mapping names."""

    connector_id: str
    source: str
    mapping: str
    count: int
    first_at: datetime
    last_at: datetime
    example_id: int  # of the quarantine


class DataQualityView(BaseModel):
    start: datetime
    end: datetime
    plants: list[PlantQualityView]  # below the plant level: the equipment itself
    total: ValuesView
    unmapped: list[UnmappedTagView]  # the newest, whatever the period
    unmapped_total: int
    quarantined: int  # open and assigned entries, whatever the period
    no_data: bool

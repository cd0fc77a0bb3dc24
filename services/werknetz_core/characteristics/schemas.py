"""Measured characteristics as the API shows them."""

from datetime import datetime

from pydantic import BaseModel


class CharacteristicView(BaseModel):
    """`name` is what `kpi_values?characteristic=` takes; the limits are the latest ones."""

    name: str
    equipment: str
    characteristic: str
    measurements: int
    first_at: datetime
    last_at: datetime
    lower_limit: float | None
    upper_limit: float | None
    unit: str | None

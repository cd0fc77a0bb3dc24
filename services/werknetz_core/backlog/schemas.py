"""The backlog of workers as the API shows it."""

from datetime import datetime

from pydantic import BaseModel


class BacklogView(BaseModel):
    equipment: str
    buckets: int  # of 15 minutes that are to be computed
    first_bucket: datetime
    last_bucket: datetime
    waiting_since: datetime  # the oldest mark
    waiting_s: float

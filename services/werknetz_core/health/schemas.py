"""What the platform says of itself."""

from datetime import datetime

from pydantic import BaseModel


class InfoView(BaseModel):
    name: str
    version: str
    api: str
    now: datetime
    docs: str


class LiveView(BaseModel):
    status: str


class ReadyView(BaseModel):
    status: str
    database: str
    redis: str

"""Health and version as the API shows them."""

from datetime import datetime

from pydantic import BaseModel


class InfoView(BaseModel):
    name: str
    version: str
    api: str
    now: datetime
    docs: str


class LivenessView(BaseModel):
    status: str


class BackgroundTaskView(BaseModel):
    name: str
    state: str  # running, finished; restarting or failed: the API is not ready
    restarts: int
    last_error: str | None  # the type of the exception; the log has its text


class ReadinessView(BaseModel):
    status: str
    database: str
    redis: str
    background: list[BackgroundTaskView]

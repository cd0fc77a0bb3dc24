"""Health and version as the API shows them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from werknetz_core.limits.wide_process.state import WideState


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


class IdentityProviderView(BaseModel):
    name: str
    state: str  # ok, unavailable; the log has the cause


class ReadinessView(BaseModel):
    status: str  # ready, degraded: the API answers, but not at its best: see the states below
    database: str
    redis: str
    limits: Literal["shared", "local"]  # local: each process counts for itself, without Redis
    background: list[BackgroundTaskView]
    identity_providers: list[IdentityProviderView] = []  # absent: none is set up
    # idle: it starts with the first wide request; restarting: wide requests may get 503.
    wide_process: WideState = WideState.IDLE  # absent: there is none
    hint: str = ""  # absent unless degraded: what is away, what works meanwhile, and the remedy

"""API keys as the API shows them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

RoleName = Literal["viewer", "engineer", "planner", "operator", "admin"]


class NewApiKey(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100)]
    role: RoleName = "viewer"
    plants: list[str] | None = None  # null: all plants
    expires_days: Annotated[int | None, Field(ge=1, le=3650)] = 365


class ApiKeyView(BaseModel):
    prefix: str
    name: str
    role: str
    plants: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class CreatedApiKeyView(ApiKeyView):
    key: str  # only in the response of the creation

"""Own KPIs as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

YAML_MAX = 100_000


class NewKpiDefinition(BaseModel):
    """A definition: the text of its YAML file, so that errors name its lines, or the same as JSON.

    Its `id` is that of the route. `valid_from` stands in the document; default: now.
    """

    model_config = ConfigDict(extra="forbid")

    document: Annotated[str, Field(max_length=YAML_MAX)] | dict[str, Any]
    reason: Annotated[str | None, Field(max_length=2000)] = None


class KpiDefinitionTest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    document: Annotated[str, Field(max_length=YAML_MAX)] | dict[str, Any]


class KpiDefinitionView(BaseModel):
    """The newest version of an own KPI."""

    id: str
    version: int
    valid_from: datetime
    name_de: str | None
    name_en: str | None
    formula: str | None
    unit: str | None
    better: str | None
    subject: str | None
    retired_at: datetime | None  # null: in use
    problem: str | None  # why it has no values, such as an element that is no longer there
    entered_by: str
    entered_at: datetime


class KpiDefinitionVersionView(BaseModel):
    version: int
    valid_from: datetime
    document: dict[str, Any]
    yaml: str  # the document as YAML
    entered_by: str
    entered_at: datetime
    retired_at: datetime | None


class KpiDefinitionDetailView(KpiDefinitionView):
    versions: list[KpiDefinitionVersionView]  # the oldest first


class KpiTestResultView(BaseModel):
    """A definition that is correct: its formula type-checks, and all test cases pass."""

    id: str
    tests: int
    inputs: list[str]  # the elements that are summed for it
    newest_version: int | None  # that is stored; null: none
    is_stored: bool  # as the newest version, with the same content

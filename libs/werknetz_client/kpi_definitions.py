"""Own KPIs of the API: definitions with versions, checked and changed by engineers."""

from typing import Any
from urllib.parse import quote

from werknetz_client.collections import AsyncCollection, Names, Row
from werknetz_client.items.kpis import KpiDefinitionItem


class AsyncKpiDefinitions(AsyncCollection[KpiDefinitionItem]):
    """Own KPIs: `list` (retired=True: all), `get` with versions, `test`, `put`, `retire`.

    A document is the text of a YAML file, or the same as a dict.
    """

    async def test(self, document: "str | dict[str, Any]") -> Row:
        """Check a definition and run its test cases; nothing is stored."""
        row: Row = await self.transport.post(f"/{self.name}:test", {"document": document})
        return row

    async def put(
        self, name: str, document: "str | dict[str, Any]", *, reason: str | None = None
    ) -> Row:
        """Store a version; the same content as the newest one changes nothing."""
        body = {"document": document, "reason": reason}
        row: Row = await self.transport.put(f"/{self.name}/{quote(name)}", body)
        return row

    async def retire(self, name: str, *, reason: str | None = None) -> None:
        """Retire a KPI: it has no values any more; its versions stay."""
        path = f"/{self.name}/{quote(name)}"
        await self.transport.request("DELETE", path, {"reason": reason})

    async def export_kpi_ml(self, kpi: Names = ()) -> str:
        """Return definitions as KPI-ML, the XML of MESA; without names: of all KPIs."""
        return (await self.transport.request("GET", "/kpis.xml", {"kpi": kpi})).text

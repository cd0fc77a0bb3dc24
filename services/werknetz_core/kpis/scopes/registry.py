"""The scopes of KPI values, by the parameter that names what is asked. One more is one line."""

from collections.abc import Mapping
from typing import Final

from werknetz_core.kpis.scopes.machines import Machines
from werknetz_core.kpis.scopes.scope import Scope
from werknetz_core.kpis.scopes.suppliers import SupplierScope
from werknetz_core.kpis.scopes.warehouses import WarehouseScope

_ALL_SCOPES: Final[tuple[Scope, ...]] = (Machines(), SupplierScope(), WarehouseScope())
SCOPES: Final[Mapping[str, Scope]] = {scope.subject.name: scope for scope in _ALL_SCOPES}

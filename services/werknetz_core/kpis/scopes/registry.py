"""The scopes of KPI values, by the parameter that names what is asked. One more is one line."""

from collections.abc import Mapping
from typing import Final

from werknetz_core.kpis.scopes.machines import Machines
from werknetz_core.kpis.scopes.scope import Scope
from werknetz_core.kpis.scopes.suppliers import Suppliers
from werknetz_core.kpis.scopes.warehouses import Warehouses

_EVERY: Final[tuple[Scope, ...]] = (Machines(), Suppliers(), Warehouses())
SCOPES: Final[Mapping[str, Scope]] = {scope.subject.name: scope for scope in _EVERY}

"""The scopes of KPI values, by the query parameter that names their targets."""

from collections.abc import Mapping
from typing import Final

from werknetz_core.kpis.orders.scope import OrderScope
from werknetz_core.kpis.scopes.characteristics import CharacteristicScope
from werknetz_core.kpis.scopes.machines import EquipmentScope
from werknetz_core.kpis.scopes.scope import Scope
from werknetz_core.kpis.scopes.suppliers import SupplierScope
from werknetz_core.kpis.scopes.warehouses import WarehouseScope

_ALL_SCOPES: Final[tuple[Scope, ...]] = (
    EquipmentScope(), OrderScope(), CharacteristicScope(), SupplierScope(), WarehouseScope(),
)  # fmt: skip
SCOPES: Final[Mapping[str, Scope]] = {scope.subject.name: scope for scope in _ALL_SCOPES}

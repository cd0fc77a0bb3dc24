"""What only people know: whose numbers these are, what lines consume, what an hour costs.

A real installation enters it through the API (PUT /suppliers, /materials, /warehouses …); the
demo has it there before the first message comes.
"""

import json
from typing import Final

import asyncpg

from werknetz.domain.path import EquipmentPath
from werknetz_simulator.partners.foundry.edifact_writer import FOUNDRY
from werknetz_simulator.partners.partners import (
    FIRMS,
    LINE_OF,
    PLANTED,
    RELATIONS,
    SITES,
    WAREHOUSES,
    Relation,
    key_of,
    plant_code,
    vda_number,
)
from werknetz_simulator.plants.machine import Plant

CURRENCY: Final = "EUR"
POLICY: Final = {
    "reference": "requested_delivery", "early": "1d", "late": "0h", "tolerance": 0.0,
    "level": "line", "frozen_days": 3,
}  # fmt: skip
RATES: Final = {"zwick-2/presswerk/halle-2": 780.0, "emden-1/body/line-1": 1150.0}
_FOUNDRY: Final = (FOUNDRY, "Weserguss GmbH", "weserguss")

_PARTNER: Final = """
WITH one AS (
    INSERT INTO partners (key, name, roles) VALUES ($1, $2, '{supplier}')
    ON CONFLICT (key) DO UPDATE SET name = excluded.name RETURNING id)
INSERT INTO partner_identities (value, partner_id, discovered) SELECT $3, id, false FROM one
ON CONFLICT (value) DO NOTHING"""
_SITE: Final = """
WITH one AS (
    INSERT INTO sites (key, name, equipment_id)
    VALUES ($1, $1, (SELECT id FROM equipment WHERE path = $2))
    ON CONFLICT (key) DO UPDATE SET equipment_id = excluded.equipment_id RETURNING id)
INSERT INTO site_identities (value, site_id, discovered) SELECT $3, id, false FROM one
ON CONFLICT (value) DO NOTHING"""
_WAREHOUSE: Final = """
INSERT INTO warehouses (key, name, code, site_id, equipment_id)
SELECT lower($1), $1, $1, s.id, s.equipment_id FROM sites s WHERE s.key = $2
ON CONFLICT (code) DO UPDATE SET site_id = excluded.site_id, equipment_id = excluded.equipment_id"""
_MATERIAL: Final = """
INSERT INTO materials (number, description, unit, unit_cost, currency)
VALUES ($1, $2, 'PCE', $3, $4) ON CONFLICT (number) DO NOTHING"""
_EQUIPMENT: Final = """
INSERT INTO equipment (path, level, name, parent_id)
VALUES ($1, $2, $3, (SELECT id FROM equipment WHERE path = $4)) ON CONFLICT (path) DO NOTHING"""
_LINE_MATERIAL: Final = """
INSERT INTO line_materials (equipment_id, material_id, warehouse_id, quantity_per_item,
    items_per_hour)
SELECT e.id, m.id, w.id, 1, $4 FROM equipment e, materials m, warehouses w
WHERE e.path = $1 AND m.number = $2 AND w.code = $3 ON CONFLICT DO NOTHING"""
_RATE: Final = """
INSERT INTO line_rates (equipment_id, currency, per_hour)
SELECT id, $2, $3 FROM equipment WHERE path = $1 ON CONFLICT DO NOTHING"""
_POLICY: Final = """
INSERT INTO supply_policies (supplier_id, version, valid_from, document, created_by)
VALUES (NULL, 1, '2020-01-01Z', $1::jsonb, 'demo') ON CONFLICT DO NOTHING"""


async def plant_masterdata(connection: asyncpg.Connection, plants: list[Plant]) -> None:
    """Bring it in; again is harmless. Lines are those of the plants that there are."""
    async with connection.transaction():
        await connection.execute(_PARTNER, _FOUNDRY[2], _FOUNDRY[1], _FOUNDRY[0])
        for firm in FIRMS:
            for number in (firm.number, vda_number(firm)):
                await connection.execute(_PARTNER, key_of(firm), firm.name, number)
        for plant, code in SITES.items():
            for said in (code, plant_code(plant)):
                await connection.execute(_SITE, plant, f"nordwerk/{plant}", said)
        for warehouse in WAREHOUSES:
            await connection.execute(_WAREHOUSE, warehouse.code, warehouse.plant)
        for relation in RELATIONS:
            cost = round(0.4 + len(relation.description) * relation.packed / 97, 2)
            await connection.execute(
                _MATERIAL, relation.material, relation.description, cost, CURRENCY
            )
        for line, relation, per_hour in consumed({plant.name for plant in plants}):
            await _line(connection, line)
            await connection.execute(
                _LINE_MATERIAL, line, relation.material, relation.warehouse.code, per_hour
            )
        for line, rate in RATES.items():
            await connection.execute(_RATE, f"nordwerk/{line}", CURRENCY, rate)
        await connection.execute(_POLICY, json.dumps(POLICY))


def consumed(plants: set[str]) -> list[tuple[str, Relation, float]]:
    """Return what lines consume: (line, of which relation, items an hour as planned)."""
    found = []
    if PLANTED.warehouse.plant in plants:
        found.append(
            (f"nordwerk/zwick-2/presswerk/{PLANTED.starves}", PLANTED, PLANTED.per_day / 24)
        )
    for plant, line in LINE_OF.items():
        here = [r for r in RELATIONS if r.warehouse.plant == plant and not r.starves]
        hours = 24 if plant == "zwick-2" else 16
        if plant in plants:
            found += [(f"nordwerk/{plant}/{line}", one, one.per_day / hours) for one in here[:3]]
    return found


async def _line(connection: asyncpg.Connection, path: str) -> None:
    for above in EquipmentPath.parse(path).ancestors():
        parent = str(above.parent) if above.parent else None
        await connection.execute(_EQUIPMENT, str(above), above.level, above.name, parent)

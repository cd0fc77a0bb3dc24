"""Master data of the demo: partners, sites, warehouses, materials, consumption and rates.

A real installation enters them through the API (PUT /suppliers, /materials, /warehouses …); the
demo inserts them before the first message arrives.
"""

import json
from typing import Final

import asyncpg

from werknetz.domain.path import EquipmentPath
from werknetz_simulator.partners.partners import (
    CONSUMING_LINES,
    FIRMS,
    RELATIONS,
    SITES,
    STARVING_RELATION,
    WAREHOUSES,
    SupplyRelation,
    partner_key_of,
    plant_code_of,
    vda_number_of,
)
from werknetz_simulator.plants.machine import Plant
from werknetz_simulator.plants.plant import EMDEN_1
from werknetz_simulator.plants.systems import energy
from werknetz_simulator.plants.systems.order_lists import materials_of

CURRENCY: Final = "EUR"
POLICY: Final = {
    "reference": "requested_delivery", "early": "1d", "late": "0h", "tolerance": 0.0,
    "level": "line", "frozen_days": 3,
}  # fmt: skip
RATES: Final = {"zwick-2/presswerk/halle-2": 780.0, "emden-1/body/line-1": 1150.0}

_PARTNER: Final = """
WITH inserted AS (
    INSERT INTO partners (key, name, roles) VALUES ($1, $2, '{supplier}')
    ON CONFLICT (key) DO UPDATE SET name = excluded.name RETURNING id)
INSERT INTO partner_identities (value, partner_id, discovered) SELECT $3, id, false FROM inserted
ON CONFLICT (value) DO NOTHING"""
_SITE: Final = """
WITH inserted AS (
    INSERT INTO sites (key, name, equipment_id)
    VALUES ($1, $1, (SELECT id FROM equipment WHERE path = $2))
    ON CONFLICT (key) DO UPDATE SET equipment_id = excluded.equipment_id RETURNING id)
INSERT INTO site_identities (value, site_id, discovered) SELECT $3, id, false FROM inserted
ON CONFLICT (value) DO NOTHING"""
_WAREHOUSE: Final = """
INSERT INTO warehouses (key, name, code, site_id, equipment_id)
SELECT lower($1), $1, $1, s.id, s.equipment_id FROM sites s WHERE s.key = $2
ON CONFLICT (code) DO UPDATE SET site_id = excluded.site_id, equipment_id = excluded.equipment_id"""
_MATERIAL: Final = """
INSERT INTO materials (number, description, unit, unit_cost, currency)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT (number) DO NOTHING"""
_ARTICLE: Final = """
INSERT INTO materials AS old (number, description, unit, product_family)
VALUES ($1, $2, 'PCE', $3) ON CONFLICT (number) DO UPDATE
SET product_family = coalesce(old.product_family, excluded.product_family)"""
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
_CARRIER: Final = """
INSERT INTO energy_carriers (equipment_id, carrier, valid_from, unit, kwh_per_unit, co2_kg_per_unit,
    entered_by)
SELECT id, $2, '2020-01-01Z', $3, $4, $5, 'demo' FROM equipment WHERE path = $1
ON CONFLICT DO NOTHING"""
_POLICY: Final = """
INSERT INTO supply_policies (supplier_id, version, valid_from, document, created_by)
VALUES (NULL, 1, '2020-01-01Z', $1::jsonb, 'demo') ON CONFLICT DO NOTHING"""


async def insert_master_data(connection: asyncpg.Connection, plants: list[Plant]) -> None:
    """Insert the master data, with the lines of these plants; repeating it is harmless."""
    async with connection.transaction():
        for firm in FIRMS:
            for number in (firm.number, vda_number_of(firm)):
                await connection.execute(_PARTNER, partner_key_of(firm), firm.name, number)
        for name, code in SITES.items():
            for identity in (code, plant_code_of(name)):
                await connection.execute(_SITE, name, f"nordwerk/{name}", identity)
        for warehouse in WAREHOUSES:
            await connection.execute(_WAREHOUSE, warehouse.code, warehouse.plant)
        for relation in RELATIONS:
            cost = round(0.4 + len(relation.description) * relation.pack_size / 97, 2)
            await connection.execute(
                _MATERIAL, relation.material, relation.description, relation.unit, cost, CURRENCY
            )
        await _insert_articles(connection, plants)
        for line, relation, per_hour in consumption_of({plant.name for plant in plants}):
            await _insert_line(connection, line)
            await connection.execute(
                _LINE_MATERIAL, line, relation.material, relation.warehouse.code, per_hour
            )
        for line, rate in RATES.items():
            await connection.execute(_RATE, f"nordwerk/{line}", CURRENCY, rate)
        for carrier, unit, kwh, co2_kg in (
            ("electricity", "kWh", 1.0, float(energy.POWER_CO2_KG)),
            (energy.GAS, "m^3", float(energy.GAS_KWH), float(energy.GAS_CO2_KG)),
        ):
            await connection.execute(_CARRIER, EMDEN_1.path, carrier, unit, kwh, co2_kg)
        await connection.execute(_POLICY, json.dumps(POLICY))


async def _insert_articles(connection: asyncpg.Connection, plants: list[Plant]) -> None:
    """Insert what the plants make, with product families."""
    for plant in plants:
        for number, description, family in materials_of(plant):
            await connection.execute(_ARTICLE, number, description, family)


def consumption_of(plants: set[str]) -> list[tuple[str, SupplyRelation, float]]:
    """Return the consumption of lines: (line, relation, planned items per hour)."""
    consumption = []
    if STARVING_RELATION.warehouse.plant in plants:
        consumption.append(
            (
                f"nordwerk/zwick-2/presswerk/{STARVING_RELATION.starved_line}",
                STARVING_RELATION,
                STARVING_RELATION.per_day / 24,
            )
        )
    for plant, line in CONSUMING_LINES.items():
        relations = [r for r in RELATIONS if r.warehouse.plant == plant and not r.starved_line]
        hours = 24 if plant == "zwick-2" else 16
        if plant in plants:
            consumption += [
                (f"nordwerk/{plant}/{line}", relation, relation.per_day / hours)
                for relation in relations[:3]
            ]
    return consumption


async def _insert_line(connection: asyncpg.Connection, path: str) -> None:
    for ancestor in EquipmentPath.parse(path).ancestors():
        parent = str(ancestor.parent) if ancestor.parent else None
        await connection.execute(_EQUIPMENT, str(ancestor), ancestor.level, ancestor.name, parent)

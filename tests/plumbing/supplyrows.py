"""Supply of two plants as rows: two suppliers, two warehouses, all that follows from their events.

Kirchhoff delivers M1 to Emden and M2 to Zwick; Lenz delivers M2 to Zwick alone.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import asyncpg

NAMESPACE = UUID("6f0c1d2e-0000-4000-8000-0000000000aa")
_FACT = ("event_id", "revision", "known_from", "at")


def event(name: str) -> UUID:
    return uuid5(NAMESPACE, name)


@dataclass
class SupplyRows:
    database: asyncpg.Connection
    now: datetime
    ids: dict[str, int] = field(default_factory=dict)

    async def add(self, table: str, **values: Any) -> int:
        """Insert a row; return its id where it has one."""
        columns = ", ".join(values)
        places = ", ".join(f"${n}" for n in range(1, len(values) + 1))
        row = await self.database.fetchrow(
            f"INSERT INTO {table} ({columns}) VALUES ({places}) RETURNING *", *values.values()
        )
        assert row is not None
        return int(row["id"]) if "id" in row else 0

    async def fact(self, table: str, name: str, at: datetime, **values: Any) -> UUID:
        """Insert a fact that is valid since it was received."""
        common = {"event_id": event(name), "revision": 1, "known_from": at, "at": at}
        await self.add(table, **{**common, **values})
        return event(name)

    def ago(self, **span: float) -> datetime:
        return self.now - timedelta(**span)


async def fill_supply(
    database: asyncpg.Connection, plants: dict[str, int], line: int, now: datetime
) -> SupplyRows:
    """`plants`: equipment of `emden` and `zwick`; `line`: one of Emden's."""
    rows = SupplyRows(database, now)
    await _master(rows, plants)
    await _call_offs(rows)
    await _shipments(rows)
    await _stock(rows)
    await rows.add(
        "line_materials", equipment_id=line, material_id=rows.ids["M1"],
        warehouse_id=rows.ids["w-emden"], quantity_per_item=2.0, items_per_hour=30.0,
    )  # fmt: skip
    await rows.add("line_rates", equipment_id=line, currency="EUR", per_hour=1200.0)
    return rows


async def _master(rows: SupplyRows, plants: dict[str, int]) -> None:
    ids = rows.ids
    for key, name, number in (("kirchhoff", "Kirchhoff AG", "77"), ("lenz", "Lenz KG", "78")):
        ids[key] = await rows.add("partners", key=key, name=name, roles=["supplier"])
        await rows.add("partner_identities", value=number, partner_id=ids[key])
    for key, plant in plants.items():
        ids[key] = await rows.add("sites", key=key, name=key.title(), equipment_id=plant)
        await rows.add("site_identities", value=f"SHIP-{key}", site_id=ids[key])
        ids[f"w-{key}"] = await rows.add(
            "warehouses", key=f"w-{key}", name=key, code=f"W-{key.upper()}", site_id=ids[key]
        )
    for number, description in (("M1", "bracket"), ("M2", "hinge")):
        ids[number] = await rows.add(
            "materials", number=number, description=description, unit="PCE", unit_cost=2.5,
            currency="EUR",
        )  # fmt: skip
    await rows.add(
        "material_numbers", material_id=ids["M1"], partner_id=ids["kirchhoff"], kind="supplier",
        number="K/1-7",
    )  # fmt: skip
    for name, supplier, material, site in (
        ("r1", "kirchhoff", "M1", "emden"), ("r2", "kirchhoff", "M2", "zwick"),
        ("r3", "lenz", "M2", "zwick"),
    ):  # fmt: skip
        ids[name] = await rows.add(
            "supply_relations", supplier_id=ids[supplier], material_id=ids[material],
            site_id=ids[site], dock="D1",
        )  # fmt: skip


async def _call_offs(rows: SupplyRows) -> None:
    """Two versions each; the newer asks for 20 more tomorrow and nothing the day after."""
    for name in ("r1", "r2", "r3"):
        relation, due = rows.ids[name], rows.now + timedelta(days=1)
        for number, (days, plan) in enumerate(((5, (100.0, 50.0)), (2, (120.0,))), start=1):
            issued, document = rows.ago(days=days), f"{name}-{number}"
            for line, quantity in enumerate(plan):
                await rows.fact(
                    "call_off_entries", f"{document}/{line}", issued, relation_id=relation,
                    document=document, line=str(line), issued_at=issued, quantity=quantity,
                    unit="PCE", base_quantity=quantity, due_from=due + timedelta(days=line),
                    due_until=due + timedelta(days=line + 1), commitment="firm",
                )  # fmt: skip
            is_last = number == 2
            rows.ids[document] = await rows.add(
                "call_offs", relation_id=relation, document=document, issued_at=issued,
                known_at=issued, in_force_from=issued,
                in_force_to=None if is_last else rows.ago(days=2),
                state="in_force" if is_last else "replaced", entries=len(plan),
                quantity=sum(plan), event_ids=[event(f"{document}/{n}") for n in range(len(plan))],
            )  # fmt: skip
        for day, quantity, came in ((-1.0, 40.0, 40.0), (-0.5, 30.0, 0.0), (1.0, 120.0, 0.0)):
            due_from = rows.now + timedelta(days=day)
            await rows.add(
                "due_lines", relation_id=relation, document=f"{name}-2", due_from=due_from,
                due_until=due_from + timedelta(hours=6), window_from=due_from,
                window_until=due_from + timedelta(hours=6), quantity=quantity,
                delivered_quantity=came, open_quantity=quantity - came,
                state="measured" if came else "open", on_time=bool(came) or None,
                in_full=bool(came) or None, delay_s=0.0 if came else None,
                event_ids=[event(f"{name}-2/0")],
            )  # fmt: skip
        await rows.add(
            "cumulatives", relation_id=relation, zero_at=rows.ago(days=90), as_of=rows.now,
            demanded=70.0, received=40.0, in_transit=30.0, open=0.0, stated_received=35.0,
            received_difference=-5.0 if name == "r1" else None,
        )  # fmt: skip
        await rows.add(
            "findings", key=f"{name}/over", kind="over_delivery", subject="relation",
            relation_id=relation,
            supplier_id=rows.ids["lenz" if name == "r3" else "kirchhoff"],
            material_id=rows.ids["M1" if name == "r1" else "M2"], at=rows.ago(hours=3),
            detail=f"Too much came for {name}.", event_ids=[event(f"{name}-2/0")],
        )  # fmt: skip


async def _shipments(rows: SupplyRows) -> None:
    """A despatch advice each: a pallet with two boxes, the first line received, the second not."""
    for name, supplier, site in (
        ("r1", "kirchhoff", "emden"), ("r2", "kirchhoff", "zwick"), ("r3", "lenz", "zwick"),
    ):  # fmt: skip
        document, sent = f"ASN-{name}", rows.ago(hours=30)
        shipment = rows.ids[document] = await rows.add(
            "shipments", supplier_id=rows.ids[supplier], document=document, site_id=rows.ids[site],
            delivery_note=f"DN-{name}", announced_at=sent, despatched_at=sent,
            arrives_at=rows.ago(hours=6), state="partly_received", line_count=2,
        )  # fmt: skip
        for label, above in (("P1", None), ("B1", "P1"), ("B2", "P1")):
            await rows.add(
                "handling_units", shipment_id=shipment, label=label, parent_label=above,
                package_type="pallet" if above is None else "box",
            )  # fmt: skip
        warehouse = rows.ids[f"w-{site}"]
        receipt = await rows.fact(
            "receipt_lines", f"GR-{name}", rows.ago(hours=5), relation_id=rows.ids[name],
            supplier_id=rows.ids[supplier], document=f"GR-{name}", received_at=rows.ago(hours=5),
            quantity=40.0, unit="PCE", base_quantity=40.0, accepted_quantity=40.0,
            rejected_quantity=0.0, delivery_note=f"DN-{name}", warehouse_id=warehouse,
        )  # fmt: skip
        for line, (quantity, came) in enumerate(((40.0, 40.0), (30.0, 0.0)), start=1):
            event_id = await rows.fact(
                "shipment_lines", f"{document}/{line}", sent, relation_id=rows.ids[name],
                supplier_id=rows.ids[supplier], document=document, line=str(line),
                announced_at=sent, quantity=quantity, unit="PCE", base_quantity=quantity,
                handling_unit=f"B{line}", packed_in=["P1"],
            )  # fmt: skip
            await rows.add(
                "transit_lines", event_id=event_id, relation_id=rows.ids[name], document=document,
                quantity=quantity, received_quantity=came, open_quantity=quantity - came,
                receipt_ids=[receipt] if came else [],
            )  # fmt: skip


async def _stock(rows: SupplyRows) -> None:
    """Counted 100 in two batches three days ago; 30 went out, 20 came in and was reported late."""
    for warehouse, material in (("w-emden", "M1"), ("w-zwick", "M2")):
        place = await rows.add("locations", warehouse_id=rows.ids[warehouse], code="A-1")
        item = rows.ids[f"{warehouse}/{material}"] = await rows.add(
            "stock_items", warehouse_id=rows.ids[warehouse], location_id=place,
            material_id=rows.ids[material],
        )  # fmt: skip
        for batch, quantity in (("a", 60.0), ("b", 40.0)):
            await rows.fact(
                "stock_counts", f"{warehouse}/count-{batch}", rows.ago(days=3),
                stock_item_id=item, document="INV-1", batch=batch, quantity=quantity, unit="PCE",
                base_quantity=quantity,
            )  # fmt: skip
        for name, at, received_at, quantity, balance in (
            ("out", rows.ago(days=2), rows.ago(days=2), -30.0, 70.0),
            ("in", rows.ago(days=1), rows.now - timedelta(hours=1), 20.0, 90.0),
        ):
            event_id = await rows.fact(
                "stock_movements", f"{warehouse}/{name}", at, kind="stock_moved",
                stock_item_id=item, quantity=quantity, unit="PCE", base_quantity=quantity,
            )  # fmt: skip
            await rows.database.execute(
                "UPDATE stock_movements SET known_from = $2 WHERE event_id = $1",
                event_id,
                received_at,
            )
            await rows.add(
                "stock_balances", stock_item_id=item, at=at, event_id=event_id, position=0,
                kind="move", balance=balance,
            )  # fmt: skip
        await rows.add(
            "findings", key=f"{warehouse}/below", kind="stock_below_zero", subject="stock",
            stock_item_id=item, warehouse_id=rows.ids[warehouse], material_id=rows.ids[material],
            at=rows.ago(hours=2), detail="Less than nothing.", cleared_at=rows.ago(hours=1),
        )  # fmt: skip
    for order, machine in (("A1", "press"), ("A2", "press")):
        await rows.add(
            "operations", order_number=order, operation="10", equipment=machine,
            material_id=rows.ids["M1"], started_at=rows.ago(hours=4), good_quantity=12.0,
        )  # fmt: skip

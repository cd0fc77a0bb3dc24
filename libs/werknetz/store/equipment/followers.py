"""What goes along when equipment moves, table by table. `{moved}` gives e, the former row, and n.

Entries of people about the time after the move change their row; what holds from an instant on is
copied, because the former place needs it for its own time.
"""

from typing import Final

from werknetz.store.shop_floor.entries import COPIED

_SPANNING: Final = "s.equipment_id = e.id AND s.known_to IS NULL AND s.start_at < :at"
_ENTRY_COLUMNS: Final = ", ".join(COPIED)


def _copy_entry(**changed: str) -> str:
    """Return a copy of each entry that spans the instant, with other values in some columns."""
    values = ", ".join(changed.get(name, f"s.{name}") for name in COPIED)
    return (
        f"INSERT INTO state_entries ({_ENTRY_COLUMNS}) SELECT {values} "  # noqa: S608 - made of constants
        f"FROM state_entries s, (SELECT e.id, n.id AS new_id {{moved}}) AS e "
        f"WHERE {_SPANNING} AND s.end_at > :at"
    )


def _copy(table: str, *columns: str, where: str = "true") -> str:
    """Return a copy of every row of a table for the new place."""
    named = ", ".join(columns)
    copied = ", ".join(f"c.{column}" for column in columns)
    return (
        f"INSERT INTO {table} (equipment_id, {named}) SELECT e.new_id, {copied} "  # noqa: S608 - made of constants
        f"FROM {table} c JOIN (SELECT e.id, n.id AS new_id {{moved}}) AS e "
        f"ON e.id = c.equipment_id WHERE {where}"
    )


FOLLOWERS: Final = (
    "UPDATE signals s SET equipment_id = n.id {moved} AND s.equipment_id = e.id",
    "UPDATE former_paths f SET equipment_id = n.id {moved} AND f.equipment_id = e.id",
    """INSERT INTO former_paths (path, equipment_id, valid_to)
    SELECT e.path, n.id, :at {moved} ON CONFLICT (path) DO UPDATE
    SET equipment_id = excluded.equipment_id, valid_to = excluded.valid_to""",
    _copy("shift_calendars", "valid_from", "document"),
    _copy("equipment_capacities", "valid_from", "items_per_hour", "entered_by", "entered_at"),
    _copy(
        "stop_thresholds",
        "valid_from",
        "minor_stop_s",
        "start_up_s",
        "start_up_items",
        "start_up_after_stop_s",
        "known_from",
        where="c.known_to IS NULL",
    ),
    _copy("reason_codes", "kind", "state_code", "reason", "known_from", where="c.known_to IS NULL"),
    _copy("line_rates", "valid_from", "currency", "per_hour"),
    _copy(
        "energy_carriers",
        "carrier",
        "valid_from",
        "name",
        "unit",
        "kwh_per_unit",
        "co2_kg_per_unit",
        "delivered",
        "entered_by",
        "entered_at",
    ),
    # What a line consumes ends at the former place, or a forecast would count it twice.
    """INSERT INTO line_materials (equipment_id, material_id, warehouse_id, quantity_per_item,
        items_per_hour, minimum_quantity, valid_from, valid_to)
    SELECT e.new_id, c.material_id, c.warehouse_id, c.quantity_per_item, c.items_per_hour,
        c.minimum_quantity, greatest(c.valid_from, :at), c.valid_to
    FROM line_materials c JOIN (SELECT e.id, n.id AS new_id {moved}) AS e ON e.id = c.equipment_id
    WHERE coalesce(c.valid_to, 'infinity') > :at""",
    """DELETE FROM line_materials c USING (SELECT e.id {moved}) AS e
    WHERE c.equipment_id = e.id AND c.valid_from >= :at""",
    """UPDATE line_materials c SET valid_to = :at FROM (SELECT e.id {moved}) AS e
    WHERE c.equipment_id = e.id AND coalesce(c.valid_to, 'infinity') > :at""",
    # An entry that spans the instant becomes two, with the change that entered it.
    _copy_entry(end_at=":at", follows_end="false", is_open="false"),
    _copy_entry(equipment_id="e.new_id", start_at=":at", follows_start="false"),
    """UPDATE state_entries s SET known_to = clock_timestamp() FROM (SELECT e.id {moved}) AS e
    WHERE s.equipment_id = e.id AND s.known_to IS NULL AND s.start_at < :at AND s.end_at > :at""",
    """UPDATE state_entries s SET equipment_id = n.id {moved} AND s.equipment_id = e.id
    AND s.start_at >= :at""",
    """UPDATE quantity_entries s SET equipment_id = n.id {moved} AND s.equipment_id = e.id
    AND s.at >= :at""",
    """UPDATE annotations s SET equipment_id = n.id {moved} AND s.equipment_id = e.id
    AND s.start_at >= :at""",
    """INSERT INTO events_to_project (event_id)
    SELECT r.event_id FROM machine_reports r JOIN equipment e ON e.id = r.equipment_id
    WHERE {subtree} AND coalesce(r.until_at, 'infinity') > :at
    UNION SELECT unnest(j.event_ids) FROM job_runs j JOIN equipment e ON e.id = j.equipment_id
    WHERE {subtree} AND coalesce(j.ended_at, 'infinity') > :at
    UNION SELECT i.event_id FROM inspections i JOIN equipment e ON e.id = i.equipment_id
    WHERE {subtree} AND i.known_to IS NULL AND i.at >= :at
    UNION SELECT i.event_id FROM consumptions i JOIN equipment e ON e.id = i.equipment_id
    WHERE {subtree} AND i.known_to IS NULL AND i.at >= :at""",
    """UPDATE equipment SET valid_to = :at, moved_to = n.id {moved} AND equipment.id = e.id""",
)
"""In this order: `moved_to` is set last, because `{moved}` is what has not moved yet."""

"""Sites: where suppliers deliver to. The plant of a site decides which keys see its supply."""

from typing import Final

import sqlalchemy as sa
from fastapi import APIRouter, Request

from werknetz.runtime.log import get_logger
from werknetz.store.master_data import note_change
from werknetz.store.tables import equipment
from werknetz.store.tables.supply import partners, site_identities, sites
from werknetz_core.access import supply_scope
from werknetz_core.access.require import MayChangeSupply, MayRead
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, WriteSessionDep
from werknetz_core.context.collection import query_page
from werknetz_core.http import pagination
from werknetz_core.http.key_format import validate_key
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import Sorting, SortKey
from werknetz_core.suppliers.identities import load_identities, set_identities
from werknetz_core.suppliers.sites.schemas import SiteChange, SiteView

router = APIRouter(tags=["supply"])
_SORTING: Final = Sorting(
    "key",
    tie=SortKey(sites.c.key),
    keys={"key": SortKey(sites.c.key), "name": SortKey(sites.c.name)},
)
_IDENTITIES: Final = (
    sa.select(sa.func.array_agg(site_identities.c.value))
    .where(site_identities.c.site_id == sites.c.id)
    .scalar_subquery()
)
_QUERY: Final = sa.select(
    sites,
    partners.c.key.label("partner"),
    equipment.c.path.label("plant"),
    sa.func.coalesce(_IDENTITIES, sa.text("'{}'")).label("identities"),
).select_from(
    sites.outerjoin(partners, partners.c.id == sites.c.partner_id).outerjoin(
        equipment, equipment.c.id == sites.c.equipment_id
    )
)
_log: Final = get_logger("core.supply")


@router.get("/sites")
async def list_sites(
    request: Request, session: ReadSessionDep, principal: MayRead, params: ListParamsDep
) -> pagination.Page[SiteView]:
    """List sites with the codes that messages use for them. Sort: key, name."""
    query = _QUERY.where(supply_scope.site_visible(principal, sites.c.id))
    return await query_page(request, session, params, query, _SORTING, SiteView)


@router.put("/sites/{key}")
async def set_site(
    key: str,
    change: SiteChange,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayChangeSupply,
) -> SiteView:
    """Create or change a site: its plant, and the codes that messages use for it."""
    principal.require_all_plants()
    if change.identities is not None:
        await note_change(session)
    await session.execute(
        sa.select(sites.c.id).where(sites.c.key == key).with_for_update(key_share=True)
    )
    former = (await session.execute(_QUERY.where(sites.c.key == key))).mappings().one_or_none()
    site_id = None if former is None else former["id"]
    after = change.model_dump(mode="json", exclude_none=True)
    before: dict[str, object] | None = None
    if former is not None:
        before = {name: former[name] for name in after}
        if change.identities is not None:
            before["identities"] = await load_identities(session, "site_id", former["id"])
    if site_id is None:
        new = sa.insert(sites).values(key=validate_key(key, "site"), name=change.name or key)
        site_id = await session.scalar(new.returning(sites.c.id))
    values: dict[str, object] = {}
    if change.name is not None:
        values["name"] = change.name
    if change.plant is not None:
        values["equipment_id"] = (await context.tree.find_node(change.plant, principal)).id
    if values:
        await session.execute(sa.update(sites).where(sites.c.id == site_id).values(values))
    if change.identities is not None:
        await set_identities(session, "site_id", site_id, change.identities)
    await record_change(
        session, principal, "changed", ("site", key), before=before, after=after,
        equipment=change.plant,
    )  # fmt: skip
    _log.info("site changed", site=key, by=principal.name)
    row = (await session.execute(_QUERY.where(sites.c.id == site_id))).mappings().one()
    return SiteView(**row)

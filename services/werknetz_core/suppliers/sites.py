"""Sites: where suppliers deliver to. Which plant a site is decides who sees its supply."""

from typing import Final

import sqlalchemy as sa
from fastapi import APIRouter, Request

from werknetz.runtime.log import logger
from werknetz.store.master_data import ALONE
from werknetz.store.supply import partners, site_identities, sites
from werknetz.store.tables import equipment
from werknetz_core.access import supply_scope
from werknetz_core.context.app_context import Core, Engineer, Reading, Viewer, Writing
from werknetz_core.context.collection import paged
from werknetz_core.http import pagination
from werknetz_core.http.key_format import checked_key
from werknetz_core.http.list_params import Asked
from werknetz_core.http.sorting import Key, Sorting
from werknetz_core.suppliers import identities
from werknetz_core.suppliers.schemas import SiteChange, SiteView

router = APIRouter(tags=["supply"])
_SORTING: Final = Sorting(
    "key", tie=Key(sites.c.key), keys={"key": Key(sites.c.key), "name": Key(sites.c.name)}
)
_VALUES: Final = (
    sa.select(sa.func.array_agg(site_identities.c.value))
    .where(site_identities.c.site_id == sites.c.id)
    .scalar_subquery()
)
_SHOWN: Final = sa.select(
    sites,
    partners.c.key.label("partner"),
    equipment.c.path.label("plant"),
    sa.func.coalesce(_VALUES, sa.text("'{}'")).label("identities"),
).select_from(
    sites.outerjoin(partners, partners.c.id == sites.c.partner_id).outerjoin(
        equipment, equipment.c.id == sites.c.equipment_id
    )
)
_log: Final = logger("core.supply")


@router.get("/sites")
async def list_sites(
    request: Request, reading: Reading, principal: Viewer, asked: Asked
) -> pagination.Page[SiteView]:
    """List sites with the codes that messages use for them. Sort: key, name."""
    query = _SHOWN.where(supply_scope.site_visible(principal, sites.c.id))
    return await paged(request, reading, asked, query, _SORTING, SiteView)


@router.put("/sites/{key}")
async def set_site(
    key: str, change: SiteChange, core: Core, writing: Writing, principal: Engineer
) -> SiteView:
    """Make or change a site: which plant it is, and which codes mean it."""
    principal.demand_all_plants()
    if change.identities is not None:
        await writing.execute(sa.text(ALONE))
    found = sa.select(sites.c.id).where(sites.c.key == key)
    number = await writing.scalar(found.with_for_update())
    if number is None:
        new = sa.insert(sites).values(key=checked_key(key, "site"), name=change.name or key)
        number = await writing.scalar(new.returning(sites.c.id))
    values: dict[str, object] = {}
    if change.name is not None:
        values["name"] = change.name
    if change.plant is not None:
        values["equipment_id"] = (await core.tree.find(change.plant, principal)).id
    if values:
        await writing.execute(sa.update(sites).where(sites.c.id == number).values(values))
    if change.identities is not None:
        await identities.give(writing, "site_id", number, change.identities)
    _log.info("site changed", site=key, by=principal.name)
    row = (await writing.execute(_SHOWN.where(sites.c.id == number))).mappings().one()
    return SiteView(**row)

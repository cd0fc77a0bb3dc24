"""All routes about what is to come: stock of the coming days, how long it lasts, what it stops."""

from fastapi import APIRouter

from werknetz_core.forecast import projections, supply_days, warnings

router = APIRouter()
for each in (projections, supply_days, warnings):
    router.include_router(each.router)

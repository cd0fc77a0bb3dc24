"""All routes about who delivers: suppliers, their policies, and the sites they deliver to."""

from fastapi import APIRouter

from werknetz_core.suppliers import policies, sites, suppliers

router = APIRouter()
for each in (suppliers, policies, sites):
    router.include_router(each.router)

"""All routes about materials: what they are, and what lines need of them."""

from fastapi import APIRouter

from werknetz_core.materials import lines, materials

router = APIRouter()
for each in (materials, lines):
    router.include_router(each.router)

"""All routes about warehouses: themselves, what lies in them, what went in and out."""

from fastapi import APIRouter

from werknetz_core.warehouses import stock_levels, stock_movements, warehouses

router = APIRouter()
for each in (warehouses, stock_levels, stock_movements):
    router.include_router(each.router)

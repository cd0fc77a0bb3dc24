"""All routes of deliveries: call-offs, due lines, shipments, receipts, cumulative quantities."""

from fastapi import APIRouter

from werknetz_core.deliveries import call_offs, cumulatives, due_lines, receipts, shipments

router = APIRouter()
for each in (call_offs, due_lines, shipments, receipts, cumulatives):
    router.include_router(each.router)

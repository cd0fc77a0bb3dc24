"""What a forecast of stock reads."""

from typing import Final

import sqlalchemy as sa

from werknetz.store.session import ReadSession
from werknetz.store.tables.stock import stock_items
from werknetz_core.limits.weight import Reads

_ROWS_PER_ITEM: Final = 10  # its stock, call-offs, shipments and demand; the days are one array


async def reads_of_forecast(session: ReadSession) -> Reads:
    """Return what a forecast reads: it covers all materials in all warehouses at once."""
    items = await session.scalar(sa.select(sa.func.count()).select_from(stock_items))
    return Reads(rows=(items or 0) * _ROWS_PER_ITEM)

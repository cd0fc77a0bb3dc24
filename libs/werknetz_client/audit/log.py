"""The audit log of the API: its entries, and its chain of hashes."""

from collections.abc import AsyncIterator

from werknetz_client.audit.chain import Link
from werknetz_client.collections import AsyncCollection, Row
from werknetz_client.items.access import AuditItem
from werknetz_client.transport import PAGE_MAX


class AsyncAudit(AsyncCollection[AuditItem]):
    """Changes by people: `list`, `iter`; their chain: `head` and `chain`.

    `verify_chain` of `werknetz_client.audit.chain` verifies what `chain` yields.
    """

    async def head(self, *, whole: bool = False) -> Row:
        """Return the newest seal as it is stored apart from the chain.

        `unsealed_id` is an entry past the chain, of the newest ones; with `whole` of all.
        """
        row: Row = await self.transport.get(f"/{self.name}/head", {"whole": str(whole).lower()})
        return row

    async def chain(self, *, after: int = 0) -> AsyncIterator[Link]:
        """Yield the links after a number in the order in which they were sealed."""
        parameters = {"after": after, "limit": PAGE_MAX}
        async for row in self.transport.pages(f"/{self.name}/chain", parameters):
            yield Link(**row)

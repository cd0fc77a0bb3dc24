"""People with accounts, and open sessions."""

from urllib.parse import quote

from werknetz_client.collections import AsyncChangeableCollection, AsyncCollection, Row
from werknetz_client.items.access import OpenSessionItem, UserItem


class AsyncUsers(AsyncChangeableCollection[UserItem]):
    """People: `list`, `get`, `create`, `change`, `delete`, and help for those who cannot sign in.

    A new password is in the answer, once, and works for a week; the first sign-in replaces it.
    """

    async def create(self, name: str, /, **fields: object) -> Row:
        """Create a user; fields: role, plants, display_name, email. `password` is shown once."""
        row: Row = await self.transport.post(f"/{self.name}", {"name": name, **fields})
        return row

    async def delete(self, name: str, /) -> None:
        await self.transport.request("DELETE", f"/{self.name}/{quote(name)}")

    async def reset_password(self, name: str, /) -> Row:
        """Give a user a new password; the sessions of the user end."""
        row: Row = await self.transport.post(f"/{self.name}/{quote(name)}:reset_password", None)
        return row

    async def remove_totp(self, name: str, /) -> Row:
        """Remove the second factor of a user."""
        row: Row = await self.transport.post(f"/{self.name}/{quote(name)}:remove_totp", None)
        return row

    async def unlock(self, name: str, /) -> None:
        """Forget the failed sign-ins of a user."""
        await self.transport.request("POST", f"/{self.name}/{quote(name)}:unlock")


class AsyncSessions(AsyncCollection[OpenSessionItem]):
    """Open sessions of browsers: `list`, `end`."""

    async def end(self, session_id: int, /) -> None:
        await self.transport.request("DELETE", f"/{self.name}/{session_id}")

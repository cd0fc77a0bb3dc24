"""The users of the demo's own database: one for each service, with a password of its own."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from werknetz.store.access.rights import DatabaseRole
from werknetz.store.access.rows_key import SETTING, RowsKey
from werknetz_core.database_roles import LoginRole
from werknetz_demo.embedded.state import DataFolder

_USER_OF_COMMAND: Final = {
    "up": DatabaseRole.API,
    "ingest": DatabaseRole.INGEST,
    "worker": DatabaseRole.WORKER,
}


@dataclass(frozen=True)
class DatabaseUsers:
    """The users to make, and the URL of each command that needs the database."""

    logins: tuple[LoginRole, ...]
    urls: Mapping[str, str]
    rows_key: RowsKey | None = None  # None: the database of the operator

    @property
    def environment(self) -> dict[str, str]:
        """Return the variable of the API with its key."""
        return {} if self.rows_key is None else {SETTING: self.rows_key.text}


def database_users(state: DataFolder, owner_url: str) -> DatabaseUsers:
    """Return the users for the database of a URL, with passwords of the data folder."""
    logins, urls = [], {}
    parts = urlsplit(owner_url)
    host = parts.netloc.rpartition("@")[2]
    for command, role in _USER_OF_COMMAND.items():
        login = LoginRole(role, f"werknetz_demo_{role.service}", state.secret(f"{role}_login"))
        logins.append(login)
        netloc = f"{login.name}:{login.password}@{host}"
        urls[command] = parts._replace(netloc=netloc).geturl()
    # As long as a key has to be, and the same at each start.
    key = RowsKey(hashlib.sha256(state.secret("rows_key").encode()).digest())
    return DatabaseUsers(tuple(logins), urls, key)

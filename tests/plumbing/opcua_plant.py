"""An OPC UA server in this process: one cell with a variable of each kind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asyncua import Server
from asyncua.crypto.permission_rules import SimpleRoleRuleset, User, UserRole
from asyncua.server.user_managers import UserManager

from werknetz_edge.opcua.connection.pki import load_identity
from werknetz_edge.opcua.stack import ua

URI = "urn:werknetz:test"


class Users(UserManager):
    def get_user(
        self, _: Any, username: Any = None, password: Any = None, **__: Any
    ) -> User | None:
        if username is None or (username, password) == ("user1", "password1"):
            return User(role=UserRole.User)
        return None


@asynccontextmanager
async def plant(
    port: int,
    folder: Path | None = None,
    before: tuple[str, ...] = (),
    prepare: Callable[[dict[str, Any]], Awaitable[None]] | None = None,
) -> AsyncIterator[tuple[Server, dict[str, Any]]]:
    """Serve; with `folder` encrypted, too. `prepare` meets the nodes before anybody can connect."""
    server = Server(user_manager=Users())
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/plant")
    if folder is None:
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    else:
        own = load_identity(folder, "server")
        await server.set_application_uri(own.uri)
        server.set_security_policy(
            [
                ua.SecurityPolicyType.NoSecurity,
                ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
            ],
            permission_ruleset=SimpleRoleRuleset(),
        )
        await server.load_certificate(str(own.path))
        await server.load_private_key(own.path.with_name("key.pem"))
    for uri in before:
        await server.register_namespace(uri)
    space = await server.register_namespace(URI)
    cell = await server.nodes.objects.add_object(space, "Cell")
    nodes: dict[str, Any] = {}
    for name, value, kind in (
        ("Count", 0, ua.VariantType.UInt32),
        ("Temp", 20.5, ua.VariantType.Double),
        ("Large", 2**64 - 1, ua.VariantType.UInt64),
        ("On", True, ua.VariantType.Boolean),
        ("Order", "A-17", ua.VariantType.String),
        ("Since", datetime(2026, 1, 2, tzinfo=UTC), ua.VariantType.DateTime),
        ("Axes", [1.0, 2.0, 3.0], ua.VariantType.Double),
        ("Range", ua.Range(1.0, 5.0), ua.VariantType.ExtensionObject),
    ):
        node_id = ua.NodeId(f"Cell.{name}", space)
        nodes[name] = await cell.add_variable(node_id, name, value, kind)
    if prepare is not None:
        await prepare(nodes)
    async with server:
        yield server, nodes
    await end_leftovers()


async def end_leftovers() -> None:
    """A stopped asyncua server forgets the tasks of sessions that were open."""
    left = [
        task
        for task in asyncio.all_tasks()
        if getattr(task.get_coro(), "__qualname__", "").startswith("Internal")
    ]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def options(port: int, **more: Any) -> dict[str, Any]:
    return {
        "url": f"opc.tcp://127.0.0.1:{port}/plant",
        "policy": "None",
        "allow_insecure": True,
        "browse": [{"root": "/Objects/Cell"}],
        "publishing_ms": 50,
        "sampling_ms": 10,
        "heartbeat_s": 0.5,
        "silence_s": 4,
        "timeout_s": 3,
    } | more


def at(name: str) -> str:
    return f"nsu={URI};s=Cell.{name}"

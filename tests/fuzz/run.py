"""`make fuzz`: schemathesis invents requests for every operation of the real API.

PostgreSQL and Valkey are embedded, the API is `werknetz up`. An answer from 500 on, a status, media
type, header or body that the document does not state, and a request that is taken although it does
not fit the document make the run fail.

usage: python -m fuzz.run [--short] [--examples N] [--only PATH] [--seed N]
"""

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import asyncpg

from bench.bench_api import await_ready
from werknetz_core.access.keys import generate_key
from werknetz_core.migrate import upgrade_async
from werknetz_demo.embedded.servers import EmbeddedServers
from werknetz_demo.supervisor import werknetz_command

# Beside them come the cases that cover each bound of each parameter, 75 an operation.
# What lands meets the same requests each time; the long form looks for new ones.
SEED_SHORT = 1
EXAMPLES_SHORT = 30
EXAMPLES_LONG = 1000
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
)
EXCLUDED = (
    "/api/v1/events:batch",  # answered by the edge, which does not run here: always 503
    "/api/v1/stream",  # does not end; its parameters are those of other routes
)
SETTINGS = Path(__file__).with_name("schemathesis.toml")


async def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        async with EmbeddedServers(Path(folder), environment={}, throwaway=True) as servers:
            users = servers.database_users()
            await upgrade_async(servers.urls.database, users.logins, rows_key=users.rows_key)
            key = await _fill(servers.urls.database)
            environment = {
                **os.environ,
                "WERKNETZ_DATABASE_URL": users.urls["up"],
                **users.environment,
                "WERKNETZ_REDIS_URL": servers.urls.redis,
                "WERKNETZ_RATE_PER_S": "0",
                "WERKNETZ_LOG_LEVEL": "ERROR",
            }
            return await asyncio.to_thread(_fuzz, environment, key, options)


def _options() -> argparse.Namespace:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--short", action="store_true", help=f"{EXAMPLES_SHORT} an operation")
    arguments.add_argument("--examples", type=int, help="requests for an operation, at most")
    arguments.add_argument("--only", help="a regular expression for the paths of operations")
    arguments.add_argument(
        "--seed", type=int, help=f"default: {SEED_SHORT} if short, else the time"
    )
    options = arguments.parse_args()
    if options.seed is None:
        options.seed = SEED_SHORT if options.short else int(time.time())
    return options


def _fuzz(environment: dict[str, str], key: str, options: argparse.Namespace) -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    api = subprocess.Popen([*werknetz_command(), "up", "--port", str(port)], env=environment)
    try:
        await_ready(port)
        return subprocess.run(_command(port, key, options), check=False).returncode
    finally:
        api.terminate()
        api.wait(60)


def _command(port: int, key: str, options: argparse.Namespace) -> list[str]:
    examples = options.examples or (EXAMPLES_SHORT if options.short else EXAMPLES_LONG)
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "--config-file", str(SETTINGS), "run",
        f"http://127.0.0.1:{port}/openapi.json",
        "--header", f"X-API-Key: {key}",
        "--checks", ",".join(CHECKS),
        "--phases", "examples,coverage,fuzzing",
        "--max-examples", str(examples),
        "--seed", str(options.seed),
        *(part for path in EXCLUDED for part in ("--exclude-path", path)),
        "--request-timeout", "60",
        "--suppress-health-check", "all",
        "--warnings", "off",
        "--continue-on-failure",
        "--no-shrink",
    ]  # fmt: skip
    return [*command, "--include-path-regex", options.only] if options.only else command


async def _fill(url: str) -> str:
    """Add an admin's key and a machine, so that paths of equipment lead somewhere."""
    key = generate_key()
    connection = await asyncpg.connect(url, timeout=60)
    await connection.execute(
        "INSERT INTO api_keys (prefix, hash, name, role) VALUES ($1, $2, 'fuzz', 'admin')",
        key.prefix,
        key.hash,
    )
    parent = None
    for level, path in (("plant", "0"), ("machine", "0/0")):
        parent = await connection.fetchval(
            "INSERT INTO equipment (path, level, name, parent_id, time_zone)"
            " VALUES ($1, $2, '0', $3, 'Europe/Berlin') RETURNING id",
            path,
            level,
            parent,
        )
    await connection.close(timeout=60)
    return key.key


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

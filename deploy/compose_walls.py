"""What a service of the compose stack must not reach, see or be."""

import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

Run = Callable[..., str]

# Which services a container reaches by name, through the networks that they share.
SEPARATED = (
    ("edge-1", "postgres", 5432), ("edge-1", "queue", 6379), ("edge-2", "postgres", 5432),
    ("simulator", "valkey", 6379), ("beat", "postgres", 5432), ("beat", "valkey", 6379),
    ("core", "queue", 6379), ("core", "mosquitto", 8883), ("ingest", "queue", 6379),
)  # fmt: skip
REACHED = (("edge-1", "valkey", 6379), ("core", "postgres", 5432), ("worker", "queue", 6379))
_CONNECT = """\
import socket, sys
from concurrent.futures import ThreadPoolExecutor
def reach(text):
    host, port = text.split(":")
    try:
        socket.create_connection((host, int(port)), 5).close()
    except OSError:
        return f"{text} refused"
    return f"{text} reached"
print(*ThreadPoolExecutor().map(reach, sys.argv[1:]), sep="\\n")
"""
_DENIED = re.compile(r"errorstat_(?:NOPERM|NOAUTH|WRONGPASS):count=")


def check_networks(execute: Run) -> None:
    """An edge that is taken over reaches neither the database nor the tasks."""
    pairs = [(service, f"{host}:{port}") for service, host, port in (*SEPARATED, *REACHED)]
    reached = {(service, f"{host}:{port}") for service, host, port in REACHED}
    services = sorted({service for service, _ in pairs})

    def check(service: str) -> str:
        targets = [target for name, target in pairs if name == service]
        output = execute(service, "python3", "-c", _CONNECT, *targets)
        expected = [
            f"{target} {'reached' if (service, target) in reached else 'refused'}"
            for target in targets
        ]
        return "" if output.splitlines() == expected else f"{service}: {output}, not {expected}"

    with ThreadPoolExecutor(4) as pool:
        if wrong := [text for text in pool.map(check, services) if text]:
            raise RuntimeError("\n".join(wrong))


def check_users(execute: Run, *, tls: bool) -> None:
    """No service was refused a command or a key: what it needs is what it may."""
    options = "--tls --cacert /run/secrets/tls_ca" if tls else ""
    for server in ("valkey", "queue"):
        stats = execute(
            server, "sh", "-c", "REDISCLI_AUTH=$(cat /run/secrets/health_password) "
            f"valkey-cli {options} --user health info errorstats",
        )  # fmt: skip
        if _DENIED.search(stats) or "# Errorstats" not in stats:
            raise RuntimeError(f"{server} has refused commands:\n{stats}")


def check_hardening(inspected: Mapping[str, str]) -> None:
    """Each container has its limits: read-only, no capability, no new privileges, no root."""
    for service, text in inspected.items():
        (container,) = json.loads(text)
        host, user = container["HostConfig"], container["Config"]["User"]
        wrong = [
            name
            for name, is_right in {
                "read_only": host["ReadonlyRootfs"],
                "cap_drop": host["CapDrop"] == ["ALL"],
                "no-new-privileges": "no-new-privileges:true" in host["SecurityOpt"],
                "mem_limit": host["Memory"] > 0,
                "memswap_limit": host["MemorySwap"] == host["Memory"],
                "pids_limit": (host["PidsLimit"] or 0) > 0,
                "cpus": host["NanoCpus"] > 0,
                "user": user not in {"", "root", "0"},
                "healthcheck": bool(container["State"].get("Health")) or service == "migrate",
            }.items()
            if not is_right
        ]
        if wrong:
            raise RuntimeError(f"{service} lacks {', '.join(wrong)}")


def check_secrets(
    folder: Path, inspected: Mapping[str, str], processes: Mapping[str, str], logs: str
) -> None:
    """No password is in a container's settings, a process's arguments or a log."""
    places = {f"the container of {name}": text for name, text in inspected.items()}
    places |= {f"a process of {name}": text for name, text in processes.items()}
    places["a log"] = logs
    for place, text in places.items():
        names = sorted(name for name, word in passwords_of(folder).items() if word in text)
        if names:
            raise RuntimeError(f"{place} shows {', '.join(names)}")


def passwords_of(folder: Path) -> dict[str, str]:
    """Return the passwords of the files: 48 hexadecimal digits each, by the file's name."""
    return {
        f"{file.name} {number}": password
        for file in sorted(folder.iterdir())
        if file.is_file()
        for number, password in enumerate(
            re.findall(r"(?<![0-9a-f])[0-9a-f]{48}(?![0-9a-f])", file.read_text())
        )
    }

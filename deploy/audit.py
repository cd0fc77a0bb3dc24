"""`make audit`: known vulnerabilities of every locked package, of Python and of npm.

Queries the database of OSV (https://osv.dev), which also has the advisories of PyPI and GitHub.
Ends with 0: none is known; 1: there are some that deploy/audit_accepted.json does not accept; 3:
the database cannot be reached, so nothing is known. OSV_URL names a mirror.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from locked import ROOT, SERVICES, Package, npm_locks, read_npm_lock, read_requirements

OSV_URL = "https://api.osv.dev"
ACCEPTED = ROOT / "deploy" / "audit_accepted.json"
QUERIES_MAX = 1000  # of OSV, in one request
TIMEOUT_S = 30
NONE, VULNERABLE, UNREACHABLE = 0, 1, 3

Query = Callable[[str, Mapping[str, Any]], Any]


class Unreachable(Exception):
    """The database gave no answer."""


def query_osv(path: str, question: Mapping[str, Any]) -> Any:
    url = os.environ.get("OSV_URL", OSV_URL).rstrip("/") + path
    request = urllib.request.Request(
        url, json.dumps(question).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return json.load(answer)
    except (OSError, ValueError) as error:
        raise Unreachable(f"{url}: {error}") from error


def find_vulnerabilities(packages: Sequence[Package], query: Query) -> list[tuple[Package, str]]:
    """Return each package with the id of an advisory about its version."""
    findings: list[tuple[Package, str]] = []
    for start in range(0, len(packages), QUERIES_MAX):
        part = packages[start : start + QUERIES_MAX]
        queries = [
            {"package": {"ecosystem": p.ecosystem, "name": p.name}, "version": p.version}
            for p in part
        ]
        results = query("/v1/querybatch", {"queries": queries}).get("results", [])
        if len(results) != len(part):
            raise Unreachable(f"{len(results)} answers to {len(part)} questions")
        for package, result in zip(part, results, strict=True):
            findings += [(package, entry["id"]) for entry in (result or {}).get("vulns", [])]
    return findings


def accepted_ids(file: Path, today: date) -> dict[str, str]:
    """Return the reason of each accepted advisory whose date is not past."""
    entries = json.loads(file.read_text(encoding="utf-8"))
    for entry in entries:
        if not entry.get("reason") or not entry.get("until"):
            raise SystemExit(f"{file}: {entry} needs `id`, `reason` and `until`")
    return {e["id"]: e["reason"] for e in entries if date.fromisoformat(e["until"]) >= today}


def read_all(root: Path) -> list[Package]:
    locks = [root / "requirements" / f"{name}.txt" for name in (*SERVICES, "demo", "dev")]
    packages: list[Package] = [p for lock in locks for p in read_requirements(lock)]
    for lock in npm_locks(root):
        packages += read_npm_lock(lock)
    unique = {(p.ecosystem, p.name, p.version): p for p in packages}
    return [unique[key] for key in sorted(unique)]


def report(findings: Iterable[tuple[Package, str]], accepted: Mapping[str, str]) -> int:
    status = NONE
    for package, advisory in findings:
        if advisory in accepted:
            print(f"accepted  {package.name} {package.version}  {advisory}: {accepted[advisory]}")
            continue
        status = VULNERABLE
        print(f"VULNERABLE  {package.name} {package.version}  https://osv.dev/{advisory}")
    return status


def main(query: Query = query_osv) -> int:
    packages = read_all(ROOT)
    counts = {kind: sum(p.ecosystem == kind for p in packages) for kind in ("PyPI", "npm")}
    print(f"{counts['PyPI']} Python packages and {counts['npm']} npm packages are locked")
    try:
        findings = find_vulnerabilities(packages, query)
    except Unreachable as error:
        print(
            f"NOT CHECKED: the database of vulnerabilities cannot be reached ({error}). "
            "Run this where it can, or name a mirror in OSV_URL.", file=sys.stderr
        )  # fmt: skip
        return UNREACHABLE
    status = report(findings, accepted_ids(ACCEPTED, datetime.now(UTC).date()))
    print("no vulnerability is known" if status == NONE else "upgrade: `make lock`, or accept one")
    return status


if __name__ == "__main__":
    sys.exit(main())

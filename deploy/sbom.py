"""`make sbom`: what each service is made of, as CycloneDX 1.6 in build/sbom.

From the lock files, so that the same commit gives the same list. Where a Docker engine runs and has
the images, also the Debian packages of each image.
"""

import importlib.metadata
import json
import shutil
import subprocess
import sys
import tomllib
import uuid
from collections.abc import Iterable
from typing import Any

from locked import ROOT, SERVICES, Package, npm_locks, read_npm_lock, read_requirements

FOLDER = ROOT / "build" / "sbom"
_DPKG = "${Package} ${Version} ${Architecture}\\n"


def component_of(package: Package) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library", "bom-ref": package.purl, "name": package.name,
        "version": package.version, "purl": package.purl,
    }  # fmt: skip
    if package.hashes:
        # Those of all files of the version: which one is installed depends on the machine.
        component["externalReferences"] = [
            {
                "type": "distribution",
                "url": package.purl,
                "hashes": [{"alg": "SHA-256", "content": digest} for digest in package.hashes],
            }
        ]
    if package.ecosystem == "PyPI" and (expression := licence_of(package)):
        component["licenses"] = [{"license": {"name": expression}}]
    return component


def licence_of(package: Package) -> str | None:
    """Return the licence of an installed package; None where it is not here or says none."""
    try:
        about = importlib.metadata.metadata(package.name)
    except importlib.metadata.PackageNotFoundError:
        return None
    text = about.get("License-Expression") or about.get("License") or ""
    return text.splitlines()[0][:100] if text.strip() else None


def document_of(name: str, version: str, components: Iterable[dict[str, Any]]) -> dict[str, Any]:
    rows = list(components)
    own = f"pkg:generic/{name}@{version}"
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([own, rows], sort_keys=True))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application", "bom-ref": own, "name": name, "version": version,
                "purl": own, "licenses": [{"license": {"id": "Apache-2.0"}}],
            },
        },
        "components": rows,
        "dependencies": [{"ref": own, "dependsOn": [row["bom-ref"] for row in rows]}],
    }  # fmt: skip


def image_components(image: str) -> list[dict[str, Any]]:
    """Return the Debian packages of an image; none where it or the engine is missing."""
    if shutil.which("docker") is None:
        return []
    done = subprocess.run(
        ["docker", "run", "--rm", "--network", "none", "--entrypoint", "dpkg-query", image,
         "-W", "-f", _DPKG],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    components = []
    for line in done.stdout.splitlines() if done.returncode == 0 else ():
        name, version, architecture = line.split()
        purl = f"pkg:deb/debian/{name}@{version}?arch={architecture}"
        components.append(
            {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
        )
    return components


def main() -> int:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    FOLDER.mkdir(parents=True, exist_ok=True)
    for service in SERVICES:
        packages = list(read_requirements(ROOT / "requirements" / f"{service}.txt"))
        write(f"werknetz-{service}", version, map(component_of, packages))
        debian = image_components(f"werknetz/{service}:local")
        if debian:
            rows = [*debian, *map(component_of, packages)]
            write(f"werknetz-{service}-image", version, rows)
        else:
            print(f"  no image werknetz/{service}:local here: its Debian packages are not listed")
    tools = [package for lock in npm_locks() for package in read_npm_lock(lock)]
    if tools:
        write("werknetz-npm-tools", version, map(component_of, dict.fromkeys(tools)))
    return 0


def write(name: str, version: str, components: Iterable[dict[str, Any]]) -> None:
    document = document_of(name, version, components)
    file = FOLDER / f"{name}.cdx.json"
    file.write_text(json.dumps(document, indent=1) + "\n")
    print(f"{file.relative_to(ROOT)}: {len(document['components'])} components")


if __name__ == "__main__":
    sys.exit(main())

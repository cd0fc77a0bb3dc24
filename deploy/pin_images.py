"""`make pin-images`: pull the public images and write their digests to .env.

A tag may name another image tomorrow; a digest never does. Ends with 3 where no image registry can
be reached. Run it again to take newer images, and look at the difference.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UNREACHABLE = 3
_IMAGE = re.compile(r"\$\{(WERKNETZ_[A-Z]+_IMAGE):-([^}]+)\}")


def images_of(compose: str) -> dict[str, str]:
    """Return the default image of each variable of the compose file."""
    return dict(sorted(set(_IMAGE.findall(compose))))


def digest_of(image: str) -> str | None:
    """Pull an image and return it with its digest; None where it cannot be pulled."""
    if not _run("docker", "pull", "--quiet", image):
        return None
    digests = _run("docker", "image", "inspect", "--format", '{{join .RepoDigests " "}}', image)
    digest = next((text.partition("@")[2] for text in (digests or "").split()), "")
    return f"{image}@{digest}" if digest else None


def write_settings(file: Path, pinned: dict[str, str]) -> None:
    """Set the variables in a file of settings; all other lines stay."""
    lines = file.read_text().splitlines() if file.exists() else []
    others = [line for line in lines if line.partition("=")[0].strip() not in pinned]
    file.write_text("\n".join([*others, *(f"{k}={v}" for k, v in pinned.items())]) + "\n")


def _run(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def main() -> int:
    pinned: dict[str, str] = {}
    for variable, image in images_of((ROOT / "docker-compose.yml").read_text()).items():
        with_digest = digest_of(image)
        if with_digest is None:
            print(f"NOT PINNED: {image} cannot be pulled from an image registry", file=sys.stderr)
            return UNREACHABLE
        pinned[variable] = with_digest
        print(with_digest)
    write_settings(ROOT / ".env", pinned)
    print("written to .env: `docker compose up -d --build` uses them")
    return 0


if __name__ == "__main__":
    sys.exit(main())

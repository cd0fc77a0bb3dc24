"""Create the secrets of the compose stack once, as random files; existing ones are not changed.

The folder has mode 0700; its files have 0444, because the containers' users, which are not root,
read them through bind mounts.
"""

import base64
import hashlib
import os
import secrets
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "secrets"


def mosquitto_hash(password: str) -> str:
    """Return the password in the format of mosquitto 2: PBKDF2-HMAC-SHA512."""
    salt, rounds = os.urandom(12), 210_000
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    return f"$7${rounds}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def main() -> int:
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    if (FOLDER / "database_url").exists():
        print(f"the secrets in {FOLDER} exist already")
        return 0
    database, streams, queue, mqtt = (secrets.token_hex(24) for _ in range(4))
    files = {
        "postgres_password": database,
        "valkey_conf": f"requirepass {streams}\n",
        "valkey_password": streams,
        "queue_conf": f"requirepass {queue}\n",
        "queue_password": queue,
        "mosquitto_passwd": f"werknetz:{mosquitto_hash(mqtt)}\n",
        "mqtt_password": mqtt,
        "mqtt_url": f"mqtt://werknetz:{mqtt}@mosquitto:1883",
        "redis_url": f"redis://:{streams}@valkey:6379/0",
        "broker_url": f"redis://:{queue}@queue:6379/0",
        # Last: its existence marks the set as complete.
        "database_url": f"postgresql://werknetz:{database}@postgres:5432/werknetz",
    }
    for name, content in files.items():
        path = FOLDER / name
        path.write_text(content)
        path.chmod(0o444)
    print(f"created {len(files)} secrets in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

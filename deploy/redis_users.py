"""The users of Valkey: each service may run its own commands on its own keys, and nothing else.

An edge is the least trusted: it may add to its own stream and read its own replies. No user may
run CONFIG, FLUSHALL, KEYS, DEBUG or load modules; only the API runs scripts, on its own keys.
"""

import hashlib
from collections.abc import Iterable, Mapping

# The default user is off but has all rights: a server that replays its append-only file does so as
# that user, and where it has no rights, each MULTI/EXEC in the file is silently dropped.
DEFAULT = "user default off ~* &* +@all"

# Clients introduce themselves (CLIENT SETINFO, which Redis 7.0 does not know by name in this file).
# Those of a cluster read which node serves which slots, and where the keys of a command stand.
_CONNECT = (
    "+auth +hello +ping +select +cluster|slots +command "
    "+client -client|kill -client|list -client|pause -client|unpause "
    "-client|no-evict -client|unblock -client|reply -client|tracking"
)
_HEALTH = f"{_CONNECT} +info"

STREAM_USERS = {
    "core": (
        "%R~wn:status:* ~wn:mark ~wn:rate:* ~wn:wrong:* ~wn:slots:* "
        "%W~wn:explore:* ~wn:explored:* "
        f"{_CONNECT} +hgetall +hmget +hset +hsetnx +hdel +pttl +get +set +xadd +pexpire "
        "+time +zadd +zrem +zrange +zrangebyscore +zremrangebyscore "
        "+eval +evalsha +script|load +script|exists"
    ),
    "ingest": (
        "%R~wn:connectors %R~wn:status:* ~wn:in:* ~wn:out:* ~wn:lease:* %W~wn:mapping:* "
        f"{_CONNECT} +info +smembers +hgetall +xread +xrevrange +xtrim +xadd +get +set +pexpire "
        "+del"
    ),
    "worker": f"~wn:mark {_CONNECT} +hincrby",
    "health": _HEALTH,
}

# Celery's keys: the queue, its bindings, what is not yet acknowledged, remote control.
_QUEUE = "~celery* ~_kombu* ~unacked* ~*celery.pidbox*"
QUEUE_USERS = {
    "worker": (
        f"{_QUEUE} &/0.celery.pidbox &/0.celeryev* {_CONNECT} +info +multi +exec +watch +unwatch "
        "+discard +@list +@set +@hash +@sortedset +subscribe +psubscribe +unsubscribe "
        "+punsubscribe +publish +time +get +set +setnx +del +exists +expire +pexpire +type +ttl "
        "+eval +evalsha +script|load +script|exists"
    ),
    "beat": (
        f"~celery* ~_kombu* {_CONNECT} +info +multi +exec +watch +unwatch +discard +lpush +llen "
        "+sadd +smembers +sismember +exists"
    ),
    "health": _HEALTH,
}


def edge_rules(connector: str) -> str:
    """Return what the edge of this connector may do; the suffix is that of its backfill lane."""
    pattern = f"{{{escape(connector)}}}", f"{{{escape(connector)}~backfill}}"
    keys = [
        f"{rights}~wn:{kind}:{name}"
        for rights, kind in (("%W", "in"), ("%R", "out"), ("", "status"), ("%R", "mapping"))
        for name in pattern
    ]
    keys += [f"%R~wn:explore:{pattern[0]}", f"%W~wn:explored:{pattern[0]}:*"]
    return (
        f"{' '.join(keys)} %W~wn:connectors {_CONNECT} +info +multi +exec +sadd +xadd +xread "
        "+hset +expire +persist +get +set"
    )


def escape(name: str) -> str:
    """Return the name as a pattern that matches only itself; ACL files have no quoting."""
    if not name or any(character.isspace() or character in '*?[]\\"' for character in name):
        raise SystemExit(f"connector {name!r}: use letters, digits, `-`, `_` and `.` in its name")
    return name


def acl_file(users: Iterable[tuple[str, str, str]]) -> str:
    """Return the ACL file for (user, password, rules); it has the hashes of the passwords."""
    lines = [DEFAULT]
    for name, password, rules in users:
        digest = hashlib.sha256(password.encode()).hexdigest()
        lines.append(f"user {name} on #{digest} resetchannels -@all {rules}")
    return "\n".join(lines) + "\n"


def rules_of(users: Mapping[str, str], edges: Mapping[str, str]) -> dict[str, str]:
    """Return the rules of all users, those of edges by their connectors."""
    return {**users, **{name: edge_rules(connector) for name, connector in edges.items()}}

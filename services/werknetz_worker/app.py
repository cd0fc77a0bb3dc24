"""The Celery application: only a trigger (R15). The next tick or sweep finds what it loses.

JSON only, no results, no prefetching. It reconnects to a broker that restarts empty; several
workers and schedulers may run.
"""

import ssl
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from celery import Celery
from celery.beat import Scheduler
from celery.signals import heartbeat_sent
from kombu.transport.redis import Channel

from werknetz.link.redis_client import BROKER_SETTING, BrokerTlsConnection, check_tls_files
from werknetz.link.redis_cluster import is_cluster_url
from werknetz.runtime import heartbeat
from werknetz.runtime.settings import SettingError, read_env

TICK_S: Final = 2.0
SWEEP_S: Final = 30.0
RETENTION_S: Final = 3600.0
VISIBILITY_S: Final = 60
_CERT_REQS: Final = {
    "required": ssl.CERT_REQUIRED, "optional": ssl.CERT_OPTIONAL, "none": ssl.CERT_NONE
}  # fmt: skip
_LOCAL: Final = "redis://127.0.0.1:6379/1"


class BeatScheduler(Scheduler):
    """Keeps no state file: after a restart every task is due, which is harmless."""

    def tick(self, *arguments: Any, **options: Any) -> float:
        heartbeat.touch()
        return min(float(super().tick(*arguments, **options)), 1.0)


def _check_broker(broker_url: str) -> None:
    if is_cluster_url(broker_url):
        raise SettingError(
            f"{BROKER_SETTING}: Celery cannot queue in a Redis Cluster: name one server, such as "
            "redis://host:6379/0; tasks only trigger, so a small one of its own is enough"
        )
    check_tls_files(broker_url, BROKER_SETTING)


def create_celery(broker_url: str) -> Celery:
    _check_broker(broker_url)
    broker, tls = split_tls_options(broker_url)
    app = Celery("werknetz", broker=broker, include=["werknetz_worker.tasks"])
    app.conf.update(
        broker_use_ssl=tls,
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_time_limit=VISIBILITY_S,
        worker_prefetch_multiplier=1,
        worker_max_tasks_per_child=2000,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_transport_options={
            "visibility_timeout": VISIBILITY_S,
            "unacked_restore_throttle": 1,
            "socket_timeout": 15,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0.2},
        timezone="UTC",
        beat_scheduler="werknetz_worker.app:BeatScheduler",
        beat_schedule={
            name: {
                "task": name,
                "schedule": every_s,
                # a trigger is useless once the next one is due
                "options": {"expires": max(every_s, 10.0)},
            }
            for name, every_s in (
                ("kpi.compute_dirty_buckets", TICK_S),
                ("kpi.sweep", SWEEP_S),
                ("kpi.retention", RETENTION_S),
                ("supply.project", TICK_S),
                ("supply.reconcile", TICK_S),
                ("supply.sweep", SWEEP_S),
                ("stock.reconcile", TICK_S),
                ("stock.sweep", SWEEP_S),
            )
        },
    )
    return app


def split_tls_options(url: str) -> tuple[str, dict[str, Any] | None]:
    """Return the URL without its TLS options, and these as Celery takes them; None: no TLS.

    Celery verifies nothing unless it is asked to: verification is the default, as of all clients.
    """
    parts = urlsplit(url)
    if parts.scheme != "rediss":
        return url, None
    options: dict[str, Any] = {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}
    others = []
    for name, value in parse_qsl(parts.query):
        if name == "ssl_check_hostname":
            options[name] = value.lower() not in {"0", "f", "false", "n", "no"}
        elif name == "ssl_cert_reqs":
            options[name] = _cert_reqs(value)
        elif name.startswith("ssl_"):
            options[name] = value
        else:
            others.append(f"{name}={value}")
    return parts._replace(query="&".join(others)).geturl(), options


def _cert_reqs(text: str) -> ssl.VerifyMode:
    try:
        return _CERT_REQS[text.lower().removeprefix("cert_")]
    except KeyError:
        raise SettingError(
            f"{BROKER_SETTING}: ssl_cert_reqs is {text!r}: write required, optional or none"
        ) from None


def _touch_heartbeat(**_: object) -> None:
    heartbeat.touch()


Channel.connection_class_ssl = BrokerTlsConnection  # explains a refused certificate
app = create_celery(read_env("WERKNETZ_BROKER_URL") or _LOCAL)
heartbeat_sent.connect(_touch_heartbeat, weak=False)

"""The Celery application: only a trigger (R15). The next tick or sweep finds what it loses.

JSON only, no results, no prefetching. It reconnects to a broker that restarts empty; several
workers and schedulers may run.
"""

from typing import Any, Final

from celery import Celery
from celery.beat import Scheduler
from celery.signals import heartbeat_sent

from werknetz.runtime import heartbeat
from werknetz.runtime.settings import read_env

TICK_S: Final = 2.0
SWEEP_S: Final = 30.0
RETENTION_S: Final = 3600.0
VISIBILITY_S: Final = 60
_LOCAL: Final = "redis://127.0.0.1:6379/1"


class BeatScheduler(Scheduler):
    """Keeps no state file: after a restart every task is due, which is harmless."""

    def tick(self, *arguments: Any, **options: Any) -> float:
        heartbeat.touch()
        return min(float(super().tick(*arguments, **options)), 1.0)


def create_celery(broker_url: str) -> Celery:
    app = Celery("werknetz", broker=broker_url, include=["werknetz_worker.tasks"])
    app.conf.update(
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


def _touch_heartbeat(**_: object) -> None:
    heartbeat.touch()


app = create_celery(read_env("WERKNETZ_BROKER_URL") or _LOCAL)
heartbeat_sent.connect(_touch_heartbeat, weak=False)

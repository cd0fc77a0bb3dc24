import pytest
import typer
from typer.testing import CliRunner

from werknetz.runtime.settings import SettingError
from werknetz_worker.app import VISIBILITY_S, create_celery
from werknetz_worker.cli import register


def test_celery_only_triggers_and_never_keeps_or_prefetches() -> None:
    conf = create_celery("redis://127.0.0.1:1/0").conf
    assert conf.accept_content == ["json"]
    assert conf.task_ignore_result
    assert conf.task_acks_late
    assert conf.worker_prefetch_multiplier == 1
    assert conf.broker_transport_options["visibility_timeout"] == VISIBILITY_S
    assert conf.broker_transport_options["unacked_restore_throttle"] == 1
    schedule = {name: entry["schedule"] for name, entry in conf.beat_schedule.items()}
    assert schedule["kpi.compute_dirty_buckets"] == 2
    assert schedule["kpi.sweep"] == 30


@pytest.mark.parametrize("scheme", ["redis+cluster", "rediss+cluster"])
def test_a_cluster_is_refused_as_the_queue_of_tasks(scheme: str) -> None:
    with pytest.raises(SettingError, match=r"WERKNETZ_BROKER_URL.*Cluster: name one server"):
        create_celery(f"{scheme}://127.0.0.1:1,127.0.0.1:2")


def test_the_command_line_has_worker_and_beat() -> None:
    app = typer.Typer()
    register(app)
    shown = CliRunner().invoke(app, ["--help"]).output
    assert "worker" in shown
    assert "beat" in shown
    refused = CliRunner().invoke(app, ["worker", "--concurrency", "0"])
    assert refused.exit_code == 2

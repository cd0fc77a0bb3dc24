"""`werknetz doctor` asks the services that are installed beside it."""

from importlib.metadata import EntryPoint

import pytest

from werknetz_client.commands import doctor


def test_each_installed_service_adds_its_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    def checks() -> list[tuple[str, bool, str, str]]:
        return [("database user", False, "u owns the tables", "give each service a user")]

    point = EntryPoint("database", "here:checks", doctor.SERVICE_CHECKS)
    monkeypatch.setattr(EntryPoint, "load", lambda _: checks)
    monkeypatch.setattr(
        doctor, "entry_points", lambda *, group: [point] * (group == doctor.SERVICE_CHECKS)
    )
    [check] = doctor.run_service_checks()
    assert (check.subject, check.passed) == ("database user", False)
    assert check.remedy


def test_without_services_there_is_nothing_to_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "entry_points", lambda *, group: list(group[:0]))
    assert doctor.run_service_checks() == []

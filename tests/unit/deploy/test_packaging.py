"""Packages carry the page: the build hook, the image's stage, and the pictures of the docs."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from plumbing.deploy_scripts import ROOT, load_script

IMAGES = ROOT / "docs/images/dashboard"


class Interface:
    """What the hook needs of hatchling, which is only in the environment of a build."""


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Any:
    interface = ModuleType("hatchling.builders.hooks.plugin.interface")
    interface.BuildHookInterface = Interface  # type: ignore[attr-defined]
    for name in ("hatchling", "hatchling.builders", "hatchling.builders.hooks",
                 "hatchling.builders.hooks.plugin"):  # fmt: skip
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, interface.__name__, interface)
    monkeypatch.delitem(sys.modules, "hatch_dashboard", raising=False)
    monkeypatch.delenv("WERKNETZ_WITHOUT_DASHBOARD", raising=False)
    return load_script("hatch_dashboard").DashboardHook()


def builds(monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> list[str]:
    calls: list[str] = []
    script = load_script("build_dashboard")

    def ensure_built() -> bool:
        calls.append("built")
        if error is not None:
            raise error
        return True

    monkeypatch.setattr(script, "ensure_built", ensure_built)
    return calls


def test_a_package_carries_the_page_and_an_editable_install_does_not(
    hook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = builds(monkeypatch)
    data: dict[str, Any] = {"artifacts": []}
    hook.initialize("editable", data)
    assert (calls, data) == ([], {"artifacts": []})
    hook.initialize("standard", data)
    assert calls == ["built"]
    assert data == {"artifacts": ["services/werknetz_core/dashboard/dist/**"]}


def test_the_page_can_be_left_out(hook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = builds(monkeypatch)
    monkeypatch.setenv("WERKNETZ_WITHOUT_DASHBOARD", "yes")
    data: dict[str, Any] = {"artifacts": []}
    hook.initialize("standard", data)
    assert (calls, data) == ([], {"artifacts": []})


def test_a_failed_build_ends_with_its_remedy(hook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    script = load_script("build_dashboard")
    builds(monkeypatch, script.BuildFailed("npm ci failed: no registry."))
    with pytest.raises(SystemExit) as ended:
        hook.initialize("standard", {"artifacts": []})
    assert "npm ci failed: no registry." in str(ended.value)
    assert "WERKNETZ_WITHOUT_DASHBOARD=yes" in str(ended.value)


def test_the_image_builds_the_page_with_secrets_that_no_layer_keeps() -> None:
    text = (ROOT / "deploy/Dockerfile").read_text()
    stage = text.partition("AS page")[2].partition("FROM ")[0]
    for name in ("pip_ca", "pip_conf", "npmrc"):
        assert f"--mount=type=secret,id={name}," in stage
    assert "NODE_EXTRA_CA_CERTS" in stage
    assert "COPY --from=page" in text.partition("AS page")[2]
    assert "secrets: [pip_ca, pip_conf, npmrc]" in (ROOT / "docker-compose.yml").read_text()


def test_each_screen_has_a_picture_that_the_docs_show_and_they_are_small() -> None:
    names = set(load_script("screenshots").screens_of(Names()))
    files = {file.stem: file for file in IMAGES.glob("*.png")}
    assert files.keys() == names
    assert sum(file.stat().st_size for file in files.values()) < 1_500_000
    pages = "".join(page.read_text() for page in (ROOT / "docs").rglob("*.md"))
    assert not {name for name in names if f"images/dashboard/{name}.png" not in pages}
    assert (ROOT / "README.md").read_text().count("docs/images/dashboard/") == 2


class Names(dict[str, str]):
    """Any name of what there is to show."""

    def __missing__(self, key: str) -> str:
        return key


def test_every_picture_of_a_page_exists() -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        for part in page.read_text().split("](")[1:]:
            target = part.partition(")")[0]
            if target.endswith(".png"):
                assert Path(page.parent / target).resolve().is_file(), (page, target)

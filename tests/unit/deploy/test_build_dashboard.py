"""`make dashboard` builds when the source has changed, and leaves the old page when that fails."""

import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from plumbing.deploy_scripts import load_script

script = load_script("build_dashboard")

# Builds one page and counts its calls; fails at the step that the variable names.
NPM = """#!/bin/sh
echo "$1 $2" >> "$CALLS"
[ "$FAILING" = "$1" ] && exit 1
case "$1" in
  ci) rm -rf node_modules && mkdir node_modules && echo junk > node_modules/x.js ;;
  run) [ "$2" = build ] || exit 0
       [ "$4 $5" = "-- --outDir" ] && mkdir -p "$6" && cat src/page.ts > "$6/index.html"
       mkdir -p src/api && date > src/api/schema.d.ts ;;
esac
"""


class Stage:
    """A source, a place for the build, and an `npm` and a `node` on PATH."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.source, self.dist = folder / "dashboard", folder / "core" / "dist"
        self.calls_file, self.programs = folder / "calls", folder / "bin"
        (self.source / "src").mkdir(parents=True)
        self.dist.parent.mkdir()
        self.programs.mkdir()
        (self.source / "package-lock.json").write_text("{}")
        self.write_page("one")
        self.write_program("npm", NPM)
        self.write_program("node", "#!/bin/sh\necho v20.19.0\n")
        for name, value in (("SOURCE", self.source), ("DIST", self.dist)):
            monkeypatch.setattr(script, name, value)
        monkeypatch.setattr(script, "LOCK", folder / "lock")
        monkeypatch.setenv("PATH", f"{self.programs}{os.pathsep}/usr/bin{os.pathsep}/bin")
        monkeypatch.setenv("CALLS", str(self.calls_file))
        monkeypatch.setenv("FAILING", "")

    def write_program(self, name: str, text: str) -> None:
        file = self.programs / name
        file.write_text(text)
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    def write_page(self, text: str) -> None:
        (self.source / "src" / "page.ts").write_text(text)

    @property
    def page(self) -> str | None:
        file = self.dist / "index.html"
        return file.read_text() if file.exists() else None

    @property
    def calls(self) -> list[str]:
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path, monkeypatch)


def test_it_builds_once_for_each_source(stage: Stage) -> None:
    assert script.main([]) == 0
    assert (stage.page, stage.calls) == ("one", ["ci --loglevel=error", "run build"])
    assert script.main([]) == 0
    assert len(stage.calls) == 2
    stage.write_page("two")
    assert script.main([]) == 0
    assert (stage.page, stage.calls[2:]) == ("two", ["run build"])  # the packages are installed
    assert [path.name for path in stage.dist.parent.iterdir()] == ["dist"]


def test_other_packages_are_installed(stage: Stage) -> None:
    script.main([])
    (stage.source / "package-lock.json").write_text('{"packages": {}}')
    assert script.main([]) == 0
    assert stage.calls[2:] == ["ci --loglevel=error", "run build"]


@pytest.mark.parametrize("step", ["ci", "run"])
def test_a_failure_leaves_the_old_page_and_names_the_remedy(
    stage: Stage, step: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    script.main([])
    stage.write_page("two")
    (stage.source / "package-lock.json").write_text("[]")
    monkeypatch.setenv("FAILING", step)
    assert script.main([]) == 1
    assert "npm config get registry" in capfd.readouterr().err
    assert stage.page == "one"
    assert [path.name for path in stage.dist.parent.iterdir()] == ["dist"]
    monkeypatch.setenv("FAILING", "")
    assert script.main([]) == 0
    assert stage.page == "two"


def test_check_builds_nothing(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    assert script.main(["--check"]) == 2
    assert "make dashboard" in capfd.readouterr().out
    assert (stage.page, stage.calls) == (None, [])
    script.main([])
    assert script.main(["--check"]) == 0
    (stage.dist / "index.html").unlink()
    assert script.main(["--check"]) == 2


def test_test_also_runs_the_checks_of_the_page(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert script.main(["--test"]) == 0
    assert stage.calls == ["ci --loglevel=error", "run build", "run check"]
    monkeypatch.setenv("FAILING", "run")
    assert script.main(["--test"]) == 1


def test_the_hash_is_of_names_and_contents_and_not_of_what_tools_made(stage: Stage) -> None:
    def digest() -> str:
        return str(script.source_hash(stage.source))

    first = digest()
    for name in ("node_modules/react/index.js", "dist/index.html", "src/api/schema.d.ts"):
        file = stage.source / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("made")
    assert digest() == first
    page = stage.source / "src" / "page.ts"
    page.rename(page.with_name("other.ts"))
    assert digest() != first
    page.with_name("other.ts").rename(page)
    assert digest() == first
    stage.write_page("ones")
    assert digest() != first
    stage.write_page("on")  # the same characters, in two files in another way
    (stage.source / "src" / "page.tsx").write_text("e")
    assert digest() != first


@pytest.mark.parametrize(("version", "is_enough"), [("v20.18.9", False), ("v20.19.0", True)])
def test_an_old_node_is_not_used(
    stage: Stage, version: str, is_enough: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = stage.programs.parent / "venv" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\nexit 1\n")  # pip has no index
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    stage.write_program("node", f"#!/bin/sh\necho {version}\n")
    assert script.main([]) == (0 if is_enough else 1)
    assert bool(stage.calls) is is_enough


def test_a_missing_node_names_the_remedy(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    stage.write_program("node", "#!/bin/sh\nexit 1\n")
    python = stage.programs.parent / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    assert script.main([]) == 1
    assert "Install Node, then run `make dashboard`" in capfd.readouterr().err


def test_what_a_killed_build_left_is_removed(stage: Stage) -> None:
    (stage.dist.parent / "dist.12345").mkdir()
    assert script.main([]) == 0
    assert [path.name for path in stage.dist.parent.iterdir()] == ["dist"]


def test_a_second_build_waits_and_finds_the_page_built(stage: Stage) -> None:
    codes: list[int] = []
    builders = [threading.Thread(target=lambda: codes.append(script.main([]))) for _ in range(3)]
    with script.one_at_a_time(script.LOCK):
        for builder in builders:
            builder.start()
        assert stage.calls == []
    for builder in builders:
        builder.join(60)
    assert codes == [0, 0, 0]
    assert stage.calls == ["ci --loglevel=error", "run build"]

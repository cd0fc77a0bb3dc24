"""What an inbox relies on, proven for a local folder and for a real SFTP server."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from plumbing.sftp import SftpServer
from werknetz.connector.contract import ConnectionLost
from werknetz_edge.files.build import file_system_of
from werknetz_edge.files.config import InboxConfig
from werknetz_edge.files.file_system import READ_BYTES, FileSystem
from werknetz_edge.files.inbox import add_suffix

pytestmark = pytest.mark.asyncio


@dataclass
class Stage:
    path: Path
    files: FileSystem

    def names(self, folder: str = ".") -> list[str]:
        return sorted(p.name for p in (self.path / folder).iterdir() if p.is_file())


@pytest_asyncio.fixture(params=["folder", "sftp"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    path = tmp_path / "inbox"
    path.mkdir()
    if request.param == "folder":
        files = file_system_of(InboxConfig.model_validate({"folder": path}))
        await files.open(("done", "failed"))
        yield Stage(path, files)
        await files.close()
        return
    server = SftpServer(path)
    await server.start()
    files = file_system_of(InboxConfig.model_validate({"sftp": server.inbox()}))
    await files.open(("done", "failed"))
    yield Stage(path, files)
    await files.close()
    await server.stop()


async def test_open_creates_the_subfolders_and_keeps_existing_ones(stage: Stage) -> None:
    (stage.path / "done" / "a").write_text("1")
    await stage.files.close()
    await stage.files.open(("done", "failed", "more"))
    assert stage.names("done") == ["a"]
    assert (stage.path / "more").is_dir()


async def test_only_regular_files_are_listed(stage: Stage) -> None:
    (stage.path / "a").write_text("123")
    (stage.path / "link").symlink_to(stage.path / "a")
    (file,) = await stage.files.list_files()
    assert (file.name, file.size) == ("a", 3)
    assert (await stage.files.stat("a")).matches(file)


async def test_a_file_is_read_in_blocks_to_its_end(stage: Stage) -> None:
    content = bytes(range(256)) * (READ_BYTES // 256) + b"end"
    (stage.path / "a").write_bytes(content)
    async with stage.files.open_file("a") as file:
        blocks = []
        while block := await file.read():
            blocks.append(block)
        assert (await file.stamp()).matches(await stage.files.stat("a"))
    assert b"".join(blocks) == content
    assert max(map(len, blocks)) <= READ_BYTES


async def test_an_open_file_is_not_affected_by_a_replacement(stage: Stage) -> None:
    (stage.path / "a").write_text("old")
    async with stage.files.open_file("a") as file:
        (stage.path / "b").write_text("newer")
        (stage.path / "b").rename(stage.path / "a")
        assert await file.read() == b"old"
        assert (await file.stamp()).size == 3


async def test_a_missing_file_is_not_found(stage: Stage) -> None:
    with pytest.raises(FileNotFoundError):
        await stage.files.stat("a")
    with pytest.raises(FileNotFoundError):
        async with stage.files.open_file("a"):
            pass
    with pytest.raises(FileNotFoundError):
        await stage.files.move("a", "done", ["a"])


async def test_move_takes_the_first_free_name_and_never_overwrites(stage: Stage) -> None:
    for content in ("1", "2", "3"):
        (stage.path / "a").write_text(content)
        await stage.files.move("a", "done", (add_suffix("a", n) for n in range(5)))
    assert stage.names("done") == ["a", "a.1", "a.2"]
    assert [(stage.path / "done" / name).read_text() for name in stage.names("done")] == list("123")
    (stage.path / "a").write_text("4")
    with pytest.raises(FileExistsError):
        await stage.files.move("a", "done", ["a", "a.1"])
    assert stage.names() == ["a"]


async def test_text_is_written_into_a_subfolder(stage: Stage) -> None:
    await stage.files.write_text("failed", "a.reason.txt", "größer\n")
    assert (stage.path / "failed" / "a.reason.txt").read_text(encoding="utf-8") == "größer\n"


async def test_names_of_any_encoding_survive(stage: Stage) -> None:
    name = b"gr\xfcn".decode(errors="surrogateescape")
    (stage.path / name).write_text("1")
    (file,) = await stage.files.list_files()
    assert await stage.files.move(file.name, "done", [file.name]) == name
    assert stage.names("done") == [name]


async def test_a_closed_session_is_lost(stage: Stage) -> None:
    await stage.files.close()
    await stage.files.close()
    with pytest.raises(ConnectionLost):
        await stage.files.list_files()


async def test_a_cancelled_read_leaves_the_session_usable(stage: Stage) -> None:
    (stage.path / "a").write_bytes(b"x" * READ_BYTES)

    async def read_all() -> None:
        async with stage.files.open_file("a") as file:
            while await file.read():
                pass

    for _ in range(10):
        task = asyncio.create_task(read_all())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with stage.files.open_file("a") as file:
        assert len(await file.read()) == READ_BYTES


async def test_a_folder_that_was_replaced_is_lost(tmp_path: Path) -> None:
    """As after a share was unmounted: the empty mount point must not look like an empty inbox."""
    path = tmp_path / "inbox"
    path.mkdir()
    files = file_system_of(InboxConfig.model_validate({"folder": path}))
    await files.open(("done", "failed"))
    path.rename(tmp_path / "moved")
    path.mkdir()
    with pytest.raises(ConnectionLost, match="mounted again"):
        await files.list_files()
    await files.close()


async def test_a_refused_write_is_a_permission_error(tmp_path: Path) -> None:
    server = SftpServer(tmp_path, may_write=False)
    await server.start()
    files = file_system_of(InboxConfig.model_validate({"sftp": server.inbox()}))
    (tmp_path / "done").mkdir()
    await files.open(("done",))
    try:
        with pytest.raises(PermissionError):
            await files.write_text("done", "a.txt", "1")
    finally:
        await files.close()
        await server.stop()

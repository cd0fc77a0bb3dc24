"""Builds the connector of a protocol that reads files."""

from collections.abc import Callable
from pathlib import Path

from werknetz_edge.files.config import InboxConfig
from werknetz_edge.files.connector import FileConnector, Parser
from werknetz_edge.files.file_system import FileSystem
from werknetz_edge.files.folder import LocalFolder
from werknetz_edge.files.inbox import Inbox
from werknetz_edge.files.ledger import Ledger


def open_ledger(connector_id: str, folder: Path) -> Ledger:
    """Return the connector's ledger; a parser may read it, only the connector writes."""
    return Ledger(folder / f"{connector_id}.ledger")


def file_system_of(config: InboxConfig) -> FileSystem:
    if config.folder is not None:
        return LocalFolder(config.folder)
    from werknetz_edge.files.sftp import SftpFolder

    assert config.sftp is not None  # noqa: S101  validated by the configuration
    return SftpFolder(config.sftp)


def create_file_connector(
    connector_id: str,
    config: InboxConfig,
    folder: Path,
    parser: Parser,
    *,
    ledger: Ledger | None = None,
    scope: Callable[[str], str] = lambda _name: "",
    document_of: Callable[[str], bytes | None] = lambda _name: None,
) -> FileConnector:
    """`folder` is the edge's: ledger and working copies are stored there, beside the spool."""
    inbox = Inbox(config, file_system_of(config), folder / f"{connector_id}.work")
    return FileConnector(
        connector_id,
        inbox,
        parser,
        ledger or open_ledger(connector_id, folder),
        poll_s=config.poll_s,
        scope=scope,
        document_of=document_of,
    )

"""From options to a connector: shared by every protocol that reads files."""

from collections.abc import Callable
from pathlib import Path

from werknetz_edge.files.config import InboxConfig
from werknetz_edge.files.connector import FileConnector, Parser
from werknetz_edge.files.folder import FolderInbox
from werknetz_edge.files.inbox import Inbox
from werknetz_edge.files.ledger import Ledger


def ledger_of(connector_id: str, folder: Path) -> Ledger:
    """The connector's memory; a parser may look into it, the connector writes."""
    return Ledger(folder / f"{connector_id}.ledger")


def inbox_of(config: InboxConfig, work: Path) -> Inbox:
    if config.folder is not None:
        return FolderInbox.of(config, work)
    from werknetz_edge.files.sftp import SftpInbox

    return SftpInbox.of(config, work)


def file_connector(
    connector_id: str,
    config: InboxConfig,
    folder: Path,
    parser: Parser,
    *,
    ledger: Ledger | None = None,
    scope: Callable[[str], str] = lambda _name: "",
) -> FileConnector:
    """`folder` is the edge's: ledger and working copies lie there, beside the spool."""
    return FileConnector(
        connector_id,
        inbox_of(config, folder / f"{connector_id}.work"),
        parser,
        ledger or ledger_of(connector_id, folder),
        poll_s=config.poll_s,
        scope=scope,
    )

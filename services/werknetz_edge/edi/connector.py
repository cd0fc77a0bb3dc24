"""Creates the connector: the inbox of `files` with a parser for EDI."""

from hashlib import blake2b
from pathlib import Path
from typing import Any

from werknetz_edge.edi.config import EdiConfig
from werknetz_edge.edi.parser import EdiParser
from werknetz_edge.edi.profile import Partners, load_partners
from werknetz_edge.files.build import create_file_connector, open_ledger
from werknetz_edge.files.connector import FileConnector


def create(connector_id: str, options: dict[str, Any], folder: Path) -> FileConnector:
    config = EdiConfig.model_validate(options)
    partners = config.partners
    if config.partners_file is not None:
        partners = (*load_partners(config.partners_file),)
    ledger = open_ledger(connector_id, folder)
    parser = EdiParser(
        Partners(partners=partners), config.zone, config.bytes_max, config.unknown_partners,
        ledger.get,
    )  # fmt: skip
    # A file that is sent again after a change of its profile is read again.
    profiles = "\n".join([config.zone, *(partner.model_dump_json() for partner in partners)])
    scope = blake2b(profiles.encode(), digest_size=16).hexdigest()
    connector = create_file_connector(
        connector_id, config.inbox, folder, parser, ledger=ledger, scope=lambda _name: scope
    )
    parser.details = connector.status.details
    return connector

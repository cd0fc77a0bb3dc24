"""The IDoc connector: SAP IDocs in XML files (DELVRY03/07, MBGMCR, WMMBXY, ORDERS05 …).

Each line of a document becomes a record: source `idoc/DELVRY07/E1EDL24`, with its own fields and
those of its parent segments (`E1EDL20.VBELN`), sibling segments (`E1EDP19:001.IDTNR`) and
`EDI_DC40`. A file may hold several IDocs.
"""

from pathlib import Path
from typing import Any

from werknetz.connector.contract import Connector


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Create the connector of an edge file; `folder` holds its ledger and working copies."""
    from werknetz_edge.idoc.parser import create as make

    return make(connector_id, options, folder)

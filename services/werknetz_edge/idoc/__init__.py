"""SAP IDocs as XML files (DELVRY03/07, MBGMCR, WMMBXY, ORDERS05 …), several in one, as records.

A line of a document is a record: source `idoc/DELVRY07/E1EDL24`, its own fields, those of the
segments above it (`E1EDL20.VBELN`), of those beside (`E1EDP19:001.IDTNR`) and of `EDI_DC40`.
"""

from pathlib import Path
from typing import Any

from werknetz.connector.contract import Connector


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Make the connector of an edge file; `folder` keeps its ledger and working copies."""
    from werknetz_edge.idoc.parser import create as make

    return make(connector_id, options, folder)

"""Amendments: the next version of a mapping, made of single changes instead of a whole document."""

import asyncio
from typing import Final

from fastapi import APIRouter

from werknetz_core.access.require import MayChangeMappings
from werknetz_core.context.app_context import ContextDep, ReadSessionDep
from werknetz_core.limits.reading import reading
from werknetz_core.limits.weight import Reads
from werknetz_core.mappings import registry
from werknetz_core.mappings.amendments.amend import amend_document, changed_lines
from werknetz_core.mappings.amendments.schemas import AmendedMappingView, Amendment

router = APIRouter(tags=["mappings"])
_CHARS_PER_VALUE: Final = 20  # of a document that is parsed twice


@router.post("/mappings:amend")
async def amend_mapping(
    amendment: Amendment,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayChangeMappings,
) -> AmendedMappingView:
    """Write the next version of a mapping from single changes; nothing is stored.

    Send its document to `mappings:preview`, `mappings:diff` and `mappings`. Comments stay.
    """
    principal.require_all_plants()
    name = amendment.name
    based_on = amendment.version
    if based_on is None:
        based_on = await registry.version_in_use(session, name)
    row = await registry.load_version(session, name, based_on)
    before: str = row["document"]
    version = await registry.newest_version(session, name) + 1
    async with reading(context, principal, Reads(values=len(before) // _CHARS_PER_VALUE)):
        document = await asyncio.to_thread(amend_document, before, version, amendment.changes)
        lines = await asyncio.to_thread(changed_lines, before, document)
    return AmendedMappingView(
        name=name, version=version, based_on=based_on, document=document, lines=lines
    )

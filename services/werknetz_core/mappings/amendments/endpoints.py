"""Amendments: the next version of a mapping, made of single changes instead of a whole document."""

from fastapi import APIRouter

from werknetz_core.access.require import MayChangeMappings
from werknetz_core.context.app_context import ReadSessionDep
from werknetz_core.mappings import registry
from werknetz_core.mappings.amendments.amend import amend_document, changed_lines
from werknetz_core.mappings.amendments.schemas import AmendedMappingView, Amendment

router = APIRouter(tags=["mappings"])


@router.post("/mappings:amend")
async def amend_mapping(
    amendment: Amendment, session: ReadSessionDep, principal: MayChangeMappings
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
    version = await registry.newest_version(session, name) + 1
    document = amend_document(row["document"], version, amendment.changes)
    return AmendedMappingView(
        name=name,
        version=version,
        based_on=based_on,
        document=document,
        lines=changed_lines(row["document"], document),
    )

"""Find the variables that the browse rules select: breadth first, in batches, each node once."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from werknetz.connector.contract import ConfigurationRejected
from werknetz.texts.sentence import Sentence
from werknetz_edge.opcua.address import (
    UnknownNamespaceError,
    address_of,
    node_of,
    parse_browse_path,
)
from werknetz_edge.opcua.config import BrowseRule, OpcuaConfig
from werknetz_edge.opcua.connection.session import OpcuaSession
from werknetz_edge.opcua.explore.browse_step import BrowseStep
from werknetz_edge.opcua.explore.datatype import load_base_types, load_enum_names
from werknetz_edge.opcua.explore.explorer import VARIABLE, Explorer
from werknetz_edge.opcua.stack import ua

_ROOT: Final = ua.NodeId(84, 0)
_SERVER: Final = ua.NodeId(2253, 0)
_READABLE: Final = 1
_SHOWN_MAX: Final = 20
_REFERENCES_MIN: Final = 10_000  # of one level: more than ten for each variable is none of ours


@dataclass(slots=True)
class Variable:
    """A variable of the server, with what a subscription and an edge file need."""

    node: Any
    address: str
    path: str  # browse names from the root of its rule
    datatype: str = "Variant"  # the built-in type it is made of, or Enumeration, Structure
    type_node: Any = None
    rank: int = -1  # ≥ 0: an array
    enum_names: dict[int, str] = field(default_factory=dict)  # of an enumeration
    unit: str | None = None
    step: BrowseStep | None = None  # the way from the root to it


async def list_variables(
    session: OpcuaSession,
    config: OpcuaConfig,
    begin: Callable[[str, float], None] | None = None,
) -> list[Variable]:
    """Return the variables that the rules select. Raises ConfigurationRejected for a bad root."""
    references_max = max(_REFERENCES_MIN, 10 * config.max_variables)
    explorer = Explorer(session, config.timeout_s, begin, references_max)
    matches: dict[Any, Variable] = {}
    for rule in config.browse:
        variables = await _list_below(explorer, session, rule, config.max_variables)
        await _load_attributes(explorer, variables)
        for variable in variables:
            if not rule.types or variable.datatype in rule.types:
                matches.setdefault(variable.node, variable)
    if len(matches) > config.max_variables:
        raise _too_many(config.max_variables)
    return list(matches.values())


def _too_many(count_max: int) -> ConfigurationRejected:
    return ConfigurationRejected(Sentence("connector.too_many_variables", count=count_max))


async def _list_below(
    explorer: Explorer, session: OpcuaSession, rule: BrowseRule, count_max: int
) -> list[Variable]:
    root = await _find_root(explorer, session, rule)
    visited = {root.node, _SERVER}
    matches: list[Variable] = []
    (kind,) = (await explorer.read([root.node], ua.AttributeIds.NodeClass))[0]
    if kind == VARIABLE:
        root.is_object = False
        matches.append(_variable_of(root, session))
    level = [root]
    for _ in range(rule.depth):
        lists = await explorer.references([step.node for step in level])
        parents, level = level, []
        for above, references in zip(parents, lists, strict=True):
            for reference in references:
                node = _to_node_id(reference.NodeId)
                step = _step_of(reference, node, above)
                above.has_identification |= step.is_object and step.name == "Identification"
                if node in visited:
                    continue
                visited.add(node)
                level.append(step)
                if not step.is_object:
                    matches.append(_variable_of(step, session))
        if len(matches) > 4 * count_max:
            raise _too_many(count_max)
        if not level:
            break
    if rule.namespace is not None:
        marker = f"nsu={rule.namespace};"
        matches = [variable for variable in matches if variable.address.startswith(marker)]
    return matches


def _variable_of(step: BrowseStep, session: OpcuaSession) -> Variable:
    address = address_of(step.node, session.namespaces)
    return Variable(step.node, address, step.path, step=step)


def _step_of(reference: Any, node: Any, above: BrowseStep | None) -> BrowseStep:
    definition = reference.TypeDefinition
    has_type = definition is not None and bool(definition.Identifier)
    return BrowseStep(
        str(reference.BrowseName.Name),
        node,
        above,
        is_object=reference.NodeClass != VARIABLE,
        type_node=_to_node_id(definition) if has_type else None,
    )


def _to_node_id(node: Any) -> Any:
    """Convert the expanded node id of a reference to a node id of this server."""
    return ua.NodeId(node.Identifier, node.NamespaceIndex, node.NodeIdType)


async def _find_root(explorer: Explorer, session: OpcuaSession, rule: BrowseRule) -> BrowseStep:
    if not rule.root.startswith("/"):
        try:
            node = node_of(rule.root, session.namespaces)
        except UnknownNamespaceError as error:
            raise ConfigurationRejected(f"browse root {rule.root}: {error.args[0]}") from error
        (name,) = (await explorer.read([node], ua.AttributeIds.BrowseName))[0]
        if name is None:
            raise ConfigurationRejected(f"browse root {rule.root}: the server has no such node")
        return BrowseStep(str(name.Name), node)
    root: BrowseStep | None = None
    for uri, name in parse_browse_path(rule.root):
        references = (await explorer.references([root.node if root else _ROOT]))[0]
        if root is not None:
            root.has_identification = any(
                reference.BrowseName.Name == "Identification" for reference in references
            )
        matching = [
            reference
            for reference in references
            if reference.BrowseName.Name == name
            and (uri is None or _uri_of(reference.BrowseName, session) == uri)
        ]
        if not matching:
            available = sorted({str(reference.BrowseName.Name) for reference in references})
            raise ConfigurationRejected(
                f"browse root {rule.root}: {root.path if root else '/'} has no {name!r}; it has"
                f" {', '.join(available[:_SHOWN_MAX]) or 'no nodes'}"
            )
        root = _step_of(matching[0], _to_node_id(matching[0].NodeId), root)
    return root or BrowseStep("", _ROOT)


def _uri_of(name: Any, session: OpcuaSession) -> str | None:
    index = int(name.NamespaceIndex)
    return session.namespaces[index] if index < len(session.namespaces) else None


async def _load_attributes(explorer: Explorer, variables: list[Variable]) -> None:
    """Load types, ranks, enumeration names and units; drop variables that cannot be read."""
    attributes = await explorer.read(
        [variable.node for variable in variables],
        ua.AttributeIds.DataType,
        ua.AttributeIds.ValueRank,
        ua.AttributeIds.AccessLevel,
    )
    readable = []
    for variable, (datatype, rank, access) in zip(variables, attributes, strict=True):
        variable.type_node = datatype
        variable.rank = -1 if rank is None else int(rank)
        if access is None or int(access) & _READABLE:
            readable.append(variable)
    variables[:] = readable
    types = {variable.type_node for variable in variables if variable.type_node is not None}
    bases = await load_base_types(explorer, types)
    words = await load_enum_names(
        explorer, [node for node in types if bases[node] == "Enumeration"]
    )
    for variable in variables:
        if variable.type_node is not None:
            variable.datatype = bases[variable.type_node]
            variable.enum_names = words.get(variable.type_node, {})
    await _load_units(explorer, variables)


async def _load_units(explorer: Explorer, variables: list[Variable]) -> None:
    by_path = {variable.path: variable for variable in variables}
    units = [v for v in variables if v.path.endswith("/EngineeringUnits")]
    values = await explorer.read([unit.node for unit in units], ua.AttributeIds.Value)
    for unit, (value,) in zip(units, values, strict=True):
        measured = by_path.get(unit.path.removesuffix("/EngineeringUnits"))
        shown = getattr(getattr(value, "DisplayName", None), "Text", None)
        if measured is not None and shown:
            measured.unit = str(shown)


async def load_structures(
    session: OpcuaSession, variables: Iterable[Variable], limit_s: float
) -> str:
    """Load the definitions of the server's own structures, if a variable needs one.

    Returns the error as text; values then contain type and bytes instead of fields.
    """
    needed = any(
        variable.datatype == "Structure" and int(variable.type_node.NamespaceIndex) != 0
        for variable in variables
    )
    if not needed:
        return ""
    log = logging.getLogger("asyncua")
    level = log.level
    log.setLevel(logging.ERROR)  # it logs a warning for each standard type
    try:
        async with asyncio.timeout(limit_s):
            await session.client.load_data_type_definitions()
    except Exception as error:  # noqa: BLE001  # the library generates code from what it reads
        return f"the server's structures cannot be loaded ({error!r}): values keep their bytes"
    finally:
        log.setLevel(level)
    return ""

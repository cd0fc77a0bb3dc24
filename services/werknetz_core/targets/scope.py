"""The equipment of a target, also after it was renamed or moved."""

from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.targets.definition import TargetDefinition


def roots_of(tree: EquipmentTree, definition: TargetDefinition) -> list[EquipmentNode]:
    """Return the equipment that the target names, as far as it exists."""
    paths = {present_path(tree, path): None for path in definition.under}
    return [tree.nodes[path] for path in paths if path in tree.nodes]


def nodes_of(tree: EquipmentTree, definition: TargetDefinition) -> list[EquipmentNode]:
    """Return the equipment of the scope, each once."""
    nodes = (node for root in roots_of(tree, definition) for node in tree.subtree(root.path))
    return list({node.id: node for node in nodes}.values())


def present_path(tree: EquipmentTree, path: str) -> str:
    """Return the path that an equipment has now."""
    return path if path in tree.nodes else tree.former_paths.get(path, path)

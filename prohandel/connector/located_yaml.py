"""YAML of which every value's line is known, so that an error can name it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from prohandel.errors import ProhandelError

Location = tuple[str | int, ...]
"""Keys and positions that lead to a value from the top."""


def read_yaml(path: Path, example: str) -> tuple[Any, dict[Location, int]]:
    """Reads a YAML file.

    Args:
        path: of the file.
        example: a file that shows its form, for the remedy.

    Returns:
        What the file holds, and the line of each value, counted from one.

    Raises:
        ProhandelError: it cannot be read, is no YAML, or has a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProhandelError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}.", f"Copy {example} there."
        ) from error
    loader = yaml.SafeLoader(text)
    lines: dict[Location, int] = {}
    try:
        node = loader.get_single_node()
        content = _content(loader, node, (), lines, path) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f", line {mark.line + 1}" if mark else ""
        # The problem only: its context quotes the line, which may hold what should not be shown.
        raise ProhandelError(f"{path}{place}: no YAML: {error.problem}.", f"{example} shows its form.") from None
    finally:
        loader.dispose()
    return content, lines


def line_of(lines: dict[Location, int], where: Location) -> int:
    """The line of a value; where it is missing, that of what should hold it."""
    while where and where not in lines:
        where = where[:-1]
    return lines.get(where, 1)


def _content(loader: yaml.SafeLoader, node: Node, where: Location, lines: dict[Location, int], path: Path) -> Any:
    lines[where] = lines.get(where, node.start_mark.line + 1)
    if isinstance(node, MappingNode):
        content = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, ScalarNode) else ""
            line = key_node.start_mark.line + 1
            if not key:
                raise ProhandelError(f"{path}, line {line}: this key is no word.", "Write it as `key: value`.")
            if key in content:
                first = lines[(*where, key)]
                raise ProhandelError(
                    f"{path}, line {line}, key {key}: it is there twice; the first time in line {first}.",
                    "Remove one of the two.",
                )
            lines[(*where, key)] = line
            content[key] = _content(loader, value_node, (*where, key), lines, path)
        return content
    if isinstance(node, SequenceNode):
        return [_content(loader, one, (*where, index), lines, path) for index, one in enumerate(node.value)]
    return loader.construct_object(node)

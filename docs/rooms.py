"""Write what docs/architecture.md and README.md show of the code: the table of rooms and the drawing of the walk.

`python docs/rooms.py` replaces the lines between the markers `<!-- NAME: ... -->` and `<!-- end of NAME -->`. The table comes from the
docstring and the `__all__` of each package and from the layers of import-linter's contract in pyproject.toml, the drawing from the
docstring of `pipeline`. Nothing of the pipeline is imported.
"""

from __future__ import annotations

import ast
import re
import textwrap
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
DOCUMENTS = (PROJECT / "docs" / "architecture.md", PROJECT / "README.md")


def rooms_table() -> str:
    """One row for each package: its charter, its doors, and the rooms it may import."""
    rows = ["| room | owns; never does | doors | may import |", "|---|---|---|---|"]
    below = _rooms_below()
    for room, lower in below.items():
        for init in sorted((PROJECT / "pipeline" / room).rglob("__init__.py")):
            name = init.parent.relative_to(PROJECT / "pipeline").as_posix()
            tree = ast.parse(init.read_text(encoding="utf-8"))
            charter = " ".join((ast.get_docstring(tree) or "").split())
            doors = ", ".join(f"`{door}`" for door in _doors(tree))
            rows.append(f"| `{name}` | {charter} | {doors} | {', '.join(lower) or '-' if name == room else f'as `{room}`'} |")
    return "\n".join(rows)


def walk_drawing() -> str:
    """The drawing in the docstring of `pipeline`, as a block of code."""
    text = ast.get_docstring(ast.parse((PROJECT / "pipeline" / "__init__.py").read_text(encoding="utf-8"))) or ""
    drawing = re.search(r"::\n\n((?: {4}.*\n)+)", text)
    if drawing is None:
        raise ValueError("the docstring of pipeline has no drawing")
    return f"```\n{textwrap.dedent(drawing[1])}```"


def filled(text: str) -> str:
    """The document's text with the made parts between its markers as the code has them now."""
    for name, made in (("rooms", rooms_table), ("walk", walk_drawing)):
        pattern = re.compile(rf"(<!-- {name}: [^\n]*-->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        text = pattern.sub(lambda found, made=made: f"{found[1]}{made()}\n{found[2]}", text)
    return text


def _rooms_below() -> dict[str, list[str]]:
    """Each room of the contract's layers, the lowest first, with the rooms of the layers below it."""
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    below: dict[str, list[str]] = {}
    for layer in reversed(layers):
        lower = list(below)
        below |= {room: lower for room in layer.split(" | ") if not room.startswith("__")}
    return below


def _doors(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            return list(ast.literal_eval(node.value))
    return []


if __name__ == "__main__":
    for document in DOCUMENTS:
        document.write_text(filled(document.read_text(encoding="utf-8")), encoding="utf-8")

"""The contract of import-linter that keeps the rooms' doors: another room imports only the modules that a room's `__all__` names."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class DoorsContract(Contract):
    """Modules of `package`'s rooms that are not in their room's `__all__` are imported from that room alone."""

    package = fields.StringField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002  import-linter hands it over
        """Every import that crosses from one room into a module which is no door of the other."""
        crossings: set[tuple[str, str]] = set()
        for room in sorted(graph.find_children(str(self.package))):
            inside = graph.find_descendants(room) | {room}
            doors = {f"{room}.{name}" for name in _all_of(room)}
            for module in inside - {room}:
                if any(module == door or module.startswith(f"{door}.") for door in doors):
                    continue
                importers = graph.find_modules_that_directly_import(module)
                crossings |= {(importer, module) for importer in importers - inside}
        return ContractCheck(kept=not crossings, metadata={"crossings": sorted(crossings)})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line for each import that breaks the contract."""
        for importer, module in check.metadata["crossings"]:
            output.print_error(f"{importer} imports {module}, which is not in its room's __all__", bold=False)


def _all_of(package: str) -> list[str]:
    """The strings of the package's `__all__`, read without importing it; a module has none."""
    spec = importlib.util.find_spec(package.partition(".")[0])
    assert spec is not None
    assert spec.origin is not None
    file = Path(spec.origin).parent.joinpath(*package.split(".")[1:], "__init__.py")
    if not file.is_file():
        return []
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets):
            return [str(name) for name in ast.literal_eval(node.value)]
    return []

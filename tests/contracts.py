"""The contract of import-linter that keeps the packages' doors: what `__all__` does not name is imported inside the package alone."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class DoorsContract(Contract):
    """A package's modules and sub-packages that its `__all__` does not name are imported from that package alone.

    It holds for the rooms of `package` and for their sub-packages alike, so that another room imports a module of a sub-package only
    where the room names the sub-package and the sub-package names the module.
    """

    package = fields.StringField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002  import-linter hands it over
        """Every import from outside a package of something behind a name that the package's `__all__` lacks."""
        crossings: set[tuple[str, str, str]] = set()
        for package in sorted(graph.find_descendants(str(self.package))):
            children = graph.find_children(package)
            closed = children - {f"{package}.{name}" for name in _all_of(package)} if children else set()
            inside = graph.find_descendants(package) | {package}
            for module in {each for child in closed for each in (child, *graph.find_descendants(child))}:
                importers = graph.find_modules_that_directly_import(module)
                crossings |= {(importer, module, package) for importer in importers - inside}
        return ContractCheck(kept=not crossings, metadata={"crossings": sorted(crossings)})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line for each import that breaks the contract."""
        for importer, module, package in check.metadata["crossings"]:
            output.print_error(f"{importer} imports {module}, which the __all__ of {package} does not open", bold=False)


def _all_of(package: str) -> list[str]:
    """The strings of the package's `__all__`, read without importing it."""
    spec = importlib.util.find_spec(package.partition(".")[0])
    assert spec is not None
    assert spec.origin is not None
    file = Path(spec.origin).parent.joinpath(*package.split(".")[1:], "__init__.py")
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets):
            return [str(name) for name in ast.literal_eval(node.value)]
    return []

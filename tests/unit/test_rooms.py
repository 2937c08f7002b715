"""The house of `pipeline`: few rooms, each with a charter and doors, and one class for each name."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest
from grimp import build_graph

from tests.conftest import REPOSITORY
from tests.contracts import DoorsContract

PIPELINE = REPOSITORY / "pipeline"
ROOMS = sorted(path.parent for path in PIPELINE.rglob("__init__.py") if path.parent != PIPELINE)
MOST_ENTRIES = 14
"""A listing that a reader takes in at once: the rooms and the files beside them."""
MOST_MODULES = 15
"""A package with more of them is divided: into sub-packages whose names say where to look."""
LONGEST_MODULE = 400
"""Lines. A longer one has two reasons to change."""


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def modules() -> list[Path]:
    return sorted(PIPELINE.rglob("*.py"))


def doors_of(room: Path) -> list[str]:
    for node in tree(room / "__init__.py").body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            return list(ast.literal_eval(node.value))
    raise AssertionError(f"{room.name} names no doors")


def test_the_listing_of_the_package_is_short() -> None:
    entries = sorted(path.name for path in PIPELINE.iterdir() if path.name != "__pycache__")
    assert len(entries) <= MOST_ENTRIES, entries


def test_a_package_holds_few_modules() -> None:
    held = {room.relative_to(PIPELINE).as_posix(): len([*room.glob("[!_]*.py")]) for room in ROOMS}
    assert {name: count for name, count in held.items() if count > MOST_MODULES} == {}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.relative_to(PIPELINE).as_posix())
def test_a_room_says_what_it_owns_and_names_its_doors(room: Path) -> None:
    charter = ast.get_docstring(tree(room / "__init__.py")) or ""
    assert len(charter.split("\n\n")) >= 2, "what the room owns, an empty line, and what it never does"
    doors = doors_of(room)
    assert doors == sorted(doors)
    inside = {path.stem for path in room.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    functions = {alias.name for node in tree(room / "__init__.py").body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert set(doors) <= inside | functions


@pytest.mark.parametrize(
    ("imported", "is_open"),
    [
        ("house.lower.door", True),
        ("house.lower.hidden", False),
        ("house.lower.open_part.door", True),
        ("house.lower.open_part.hidden", False),
        ("house.lower.closed_part.door", False),
    ],
)
def test_another_room_imports_a_module_that_each_package_around_it_names(
    imported: str, is_open: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"__init__": "", "upper/__init__": "__all__ = []", "upper/user": f"import {imported}"}
    files |= {"lower/__init__": '__all__ = ["door", "open_part"]', "lower/door": "", "lower/hidden": ""}
    for part in ("open_part", "closed_part"):
        files |= {f"lower/{part}/__init__": '__all__ = ["door"]', f"lower/{part}/door": "", f"lower/{part}/hidden": ""}
    for name, text in files.items():
        path = tmp_path / "house" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    contract = DoorsContract(name="doors", session_options={}, contract_options={"package": "house"})
    assert contract.check(build_graph("house", cache_dir=None), verbose=False).kept == is_open


def test_a_folder_of_modules_is_a_room() -> None:
    assert {path.parent for path in modules()} == {PIPELINE, *ROOMS}


def test_one_class_name_is_one_class() -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(path.relative_to(PIPELINE).as_posix())
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_a_module_is_short_enough_to_hold_in_mind() -> None:
    lines = {path.relative_to(PIPELINE).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {name: count for name, count in lines.items() if count > LONGEST_MODULE} == {}

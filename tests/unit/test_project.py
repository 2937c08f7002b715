"""What stands at the project's root for contributors: version, changelog, hosted workflow, hooks, and documentation made from the code."""

from __future__ import annotations

import re
import runpy
import tomllib
from typing import Any

import pytest
import yaml

from pipeline.core.settings import VERSION
from tests.conftest import REPOSITORY


@pytest.fixture
def pyproject() -> dict[str, Any]:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())


def test_a_package_that_is_built_has_the_version_of_the_code(pyproject: dict[str, Any]) -> None:
    expand = pytest.importorskip("setuptools.config.expand", reason="the extra `dev` installs setuptools")
    assert "version" not in pyproject["project"]
    assert expand.read_attr(pyproject["tool"]["setuptools"]["dynamic"]["version"]["attr"], root_dir=REPOSITORY) == VERSION


def test_the_license_that_is_named_is_the_one_that_is_shipped(pyproject: dict[str, Any]) -> None:
    assert pyproject["project"]["license"] == "Apache-2.0"
    text = (REPOSITORY / "LICENSE").read_text()
    assert "Apache License\n" in text
    assert "Version 2.0, January 2004" in text


def test_the_hosted_workflow_checks_every_change_as_ci_run_does() -> None:
    workflow = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "ci.yml").read_text())
    assert set(workflow[True]) == {"push", "pull_request"}  # YAML 1.1 reads the key `on` as a truth value
    (job,) = workflow["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    assert (REPOSITORY / ".ci" / "run").stat().st_mode & 0o111


def test_the_hooks_before_a_commit_are_the_checks_of_make_lint() -> None:
    config = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    recipe = (REPOSITORY / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    tools = [line.split("/", 1)[1].split()[0] for line in recipe.splitlines()[1:]]
    assert [hook["entry"].removeprefix(".venv/bin/").split()[0] for hook in hooks] == tools


def test_the_drawing_of_the_walk_names_stages_and_layers_that_exist() -> None:
    drawing = runpy.run_path(str(REPOSITORY / "docs" / "rooms.py"))["walk_drawing"]()
    named = [line.split()[0] for line in drawing.splitlines() if not line.startswith("```")]
    code = (REPOSITORY / "pipeline" / "operations" / "stages.py").read_text()
    assert [stage for stage in named if f"\ndef {stage}(" not in code] == []
    layers = set(re.findall(r"(\w+)/", drawing))
    storage = (REPOSITORY / "pipeline" / "lake" / "storage.py").read_text()
    assert {layer for layer in layers if f"\n    {layer}/" not in storage} == set()


def test_every_decision_has_a_page_in_the_index_and_every_link_a_page() -> None:
    folder = REPOSITORY / "docs" / "decisions"
    pages = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert sorted(re.findall(r"\]\((\d{4}-[a-z0-9-]+\.md)\)", (folder / "README.md").read_text())) == pages
    assert [int(page[:4]) for page in pages] == list(range(1, len(pages) + 1))


def test_the_newest_release_of_the_changelog_is_the_version() -> None:
    headings = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)
    releases = [(version, day) for version, day in headings if version != "Unreleased"]
    assert releases[0][0] == VERSION
    assert all(day for _, day in releases)
    assert releases == sorted(releases, key=lambda release: release[1], reverse=True)


@pytest.mark.parametrize("document", ["README.md", "docs/architecture.md"])
def test_what_a_document_shows_of_the_code_is_as_the_code_is(document: str) -> None:
    rooms = runpy.run_path(str(REPOSITORY / "docs" / "rooms.py"))
    text = (REPOSITORY / document).read_text()
    assert "<!-- walk: " in text
    assert rooms["filled"](text) == text, "make docs"


def test_the_table_of_changes_in_the_readme_names_every_package() -> None:
    table = (REPOSITORY / "README.md").read_text().partition("## Where to change what")[2]
    packages = [path.parent.relative_to(REPOSITORY / "pipeline") for path in (REPOSITORY / "pipeline").rglob("*/__init__.py")]
    assert [name for package in packages if (name := package.as_posix()) not in table and package != package.parent] == []


def test_every_file_that_a_document_links_or_names_exists() -> None:
    documents = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]
    missing = set()
    for document in documents:
        text = document.read_text()
        links = [(document.parent / link) for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text)]
        named = [REPOSITORY / path for path in re.findall(r"`((?:pipeline|dags|deploy|bench|tests|docs|data)/[\w/.-]+\.\w+)`", text)]
        missing |= {f"{document.name}: {path}" for path in [*links, *named] if not path.exists()}
    assert missing == set()

"""`news sources list` and `dictionary`, and what every command says of a wrong catalogue."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from pipeline.core.catalogue import load_catalogue
from pipeline.core.schema import TABLES
from tests.integration.commands import News
from tests.integration.conftest import REPOSITORY

SOURCE = "sources:\n  - id: one\n    name: One\n"


def test_the_sources_are_listed(news: News) -> None:
    listed = news("sources", "list", "--json").json
    assert [one["id"] for one in listed] == [one.id for one in load_catalogue(REPOSITORY / "data").sources]
    assert listed[0]["id"] in news("sources", "list").out


@pytest.mark.parametrize(
    ("file", "text", "where"),
    [
        ("sources.yaml", f"{SOURCE}    feeds: [https://one.example/feed]\n    topic: Nonsense\n", r"sources\.yaml:5: sources\.0\.topic"),
        ("sources.yaml", f"{SOURCE}    feeds: [one.example/feed]\n    topic: AI\n", r"sources\.yaml:4: sources\.0\.feeds\.0"),
        ("sources.yaml", f"{SOURCE}    fees: [https://one.example/feed]\n    topic: AI\n", r"sources\.yaml:\d: sources\.0\.fee"),
        ("topics.yaml", "topics:\n  - name: AI\n  - name: AI\n", r"topics\.yaml:3: topics\.1\.name: .*'AI' occurs twice"),
        ("scoring.yaml", "heat:\n  related: much\n", r"scoring\.yaml:2: heat\.related"),
        ("scoring.yaml", "heat: [\n", r"scoring\.yaml:2: not YAML"),
    ],
)  # fmt: skip
def test_a_wrong_catalogue_is_1_with_file_line_and_key(news: News, tmp_path: Path, file: str, text: str, where: str) -> None:
    shutil.copytree(REPOSITORY / "data", tmp_path / "mine", ignore=shutil.ignore_patterns("sample", "lake"))
    (tmp_path / "mine" / file).write_text(text)
    said = news("--config", str(tmp_path / "mine"), "publish")
    assert (said.code, said.out) == (1, "")
    assert re.search(where, said.err), said.err


def test_the_dictionary_has_every_column(news: News) -> None:
    said = news("dictionary")
    assert said.code == 0
    assert all(f"| `{column.name}` |" in said.out for contract in TABLES.values() for column in contract)
    for form in ("odcs", "croissant", "frictionless"):
        assert news("dictionary", "--format", form).json["name"] == "news-pipeline"

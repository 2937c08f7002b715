"""What a backfill that goes on compares: whether code and catalogue are those that it began with."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.core.catalogue import Catalogue
from pipeline.operations.backfill.runs import code_digest


@pytest.mark.parametrize(("name", "is_seen"), [("a.py", True), ("data/words.yaml", True), ("a.pyc", False)])
def test_a_changed_word_list_is_changed_code_and_a_compiled_file_is_not(name: str, is_seen: bool, tmp_path: Path) -> None:
    catalogue = Catalogue(sources=(), topics=(), provider_lists=(), official=())
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("one")
    before = code_digest(catalogue, tmp_path)
    path.write_text("two")
    assert (code_digest(catalogue, tmp_path) != before) == is_seen

"""Documentation that shows a command, a column or a query is run here."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from pipeline.cli import main
from pipeline.cli.dictionary import dictionary
from tests.integration.conftest import REPOSITORY, SampleWalk

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 200


def test_real_feeds_go_into_another_lake_than_the_sample_world() -> None:
    (commands,) = (block for block in blocks("sh") if "news sources check" in block)
    (lake,) = re.findall(r"^export NEWS_LAKE=(\S+)", commands, re.MULTILINE)
    sample = (REPOSITORY / "deploy" / "sample.py").read_text(encoding="utf-8")
    assert f'"NEWS_LAKE", "{lake}"' not in sample
    assert '"NEWS_LAKE", "data/lake"' in sample
    assert f"/{lake}/" in (REPOSITORY / ".gitignore").read_text(encoding="utf-8").split()


def test_the_python_of_the_readme_runs(sample: SampleWalk, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks("python")
    exec(code.replace("data/lake", sample.settings.lake), {})
    printed = capsys.readouterr().out
    assert "heat" in printed
    assert len(printed.splitlines()) == 11


def test_the_sql_of_the_readme_runs(sample: SampleWalk) -> None:
    (query,) = blocks("sql")
    rows = duckdb.sql(query.replace("data/lake", sample.settings.lake)).df()
    assert isinstance(rows, pd.DataFrame)
    assert len(rows) == 10
    terms = rows[[name for name in rows.columns if name.startswith("quality")]].sum(axis=1) + rows["heatRelated"]
    assert (terms >= rows["heat"]).all()  # a long title, which the query leaves out, costs points


def test_every_command_of_the_readme_exists(capsys: pytest.CaptureFixture[str]) -> None:
    named = set(re.findall(r"(?:\.venv/bin/|`)news ([a-z][a-z-]*)", README))
    assert {"run", "top", "show", "import", "doctor", "open", "publish"} <= named
    for name in sorted(named):
        with pytest.raises(SystemExit) as exit_:
            main.main([name, "--help"])
        assert exit_.value.code == 0
    capsys.readouterr()


def test_the_data_dictionary_is_the_contract_s() -> None:
    path = REPOSITORY / "docs" / "data-dictionary.md"
    assert path.read_text(encoding="utf-8") == dictionary(), "make it again: news dictionary > docs/data-dictionary.md"


def test_every_reason_of_the_code_is_in_the_operations_guide() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in Path(REPOSITORY, "pipeline").rglob("*.py"))
    reasons = set(re.findall(r"reason=\"(\w+)\"", code)) | set(re.findall(r"Rejected\(\"(\w+)\"\)", code))
    guide = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
    assert {reason for reason in reasons if f"`{reason}`" not in guide} == set()


def test_the_live_commands_write_into_a_lake_of_their_own_and_no_backfill_asks_for_more_than_days() -> None:
    live = README.partition("## Real feeds")[2].partition("\n## ")[0]
    assert live.index("export NEWS_LAKE=data/live") < live.index("news run")
    spans = re.findall(r"--from(?:-date)? (\d{4}-\d\d-\d\d)\S* --to(?:-date)? (\d{4}-\d\d-\d\d)", README)
    assert len(spans) >= 2
    assert max((date.fromisoformat(last) - date.fromisoformat(first)).days for first, last in spans) <= 2

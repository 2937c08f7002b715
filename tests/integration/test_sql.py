"""`news sql` and `news serve-sql`: views over a lake, the questions of docs/analysts.md, and what a query may not do."""

from __future__ import annotations

import csv
import io
import json
import re
import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from docs.pictures import drawn, pictures
from pipeline.core import schema
from pipeline.core.catalogue import load_catalogue
from pipeline.core.errors import PermanentError
from pipeline.core.rights import refused_uses
from pipeline.core.settings import Settings
from pipeline.lake.storage import Lake, captures_path, ledger_path
from pipeline.operations import stages
from pipeline.publishing.sql.database import open_database, open_tables, run_query, write_database
from pipeline.publishing.sql.questions import QUESTIONS
from pipeline.publishing.sql.searches import url_history
from pipeline.publishing.sql.views import MEANINGS, VIEWS
from tests.integration.articles import page, warc
from tests.integration.commands import News, root_logger_kept, say
from tests.integration.conftest import REPOSITORY, SampleWalk
from tests.integration.hostile_lake import FORMULAS, PART, TEXTS, write_hostile_lake

GUIDE = (REPOSITORY / "docs" / "analysts.md").read_text(encoding="utf-8")


@pytest.fixture
def news(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[News]:
    with root_logger_kept():
        yield lambda *arguments: say(arguments, capsys)


def query(lake: Path | str, text: str) -> list[dict[str, Any]]:
    with open_database(Lake(str(lake))) as connection:
        return run_query(connection, text).to_pylist()


def test_every_view_and_every_question_answers_over_the_sample_world(sample: SampleWalk) -> None:
    with open_database(Lake(sample.settings.lake)) as connection:
        counts = {name: run_query(connection, f"from {name}").num_rows for name in VIEWS}
        answers = {question.name: run_query(connection, question.query) for question in QUESTIONS}
    articles = sum(report.articles for report in sample.report.publishes)
    assert counts["articles"] == counts["explain"] == counts["pages"] == articles
    assert counts["images"] > 0
    assert counts["related"] > counts["articles"]
    assert set(VIEWS) == set(MEANINGS)
    assert [name for name, answer in answers.items() if not answer.num_rows] == []
    assert answers["days"]["articles"].to_pylist() == [report.articles for report in sample.report.publishes]


def test_the_guide_shows_the_views_and_the_queries_that_are_run(sample: SampleWalk) -> None:
    shown = re.findall(r"\*\*([^*\n]+)\*\* `news sql --question (\w+)`\n\n```sql(.*?)\n```", GUIDE, re.DOTALL)
    assert shown == [(question.text, question.name, question.query) for question in QUESTIONS]
    views = GUIDE.partition("\n## Views\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", views, re.MULTILINE)) == set(VIEWS)


def test_the_guide_shows_the_picture_of_each_answer(sample: SampleWalk, news: News, tmp_path: Path) -> None:
    made = pictures(sample.settings)
    assert set(re.findall(r"\]\((images/question-\w+\.svg)\)", GUIDE)) | {"top.svg"} == set(made)
    assert drawn() == made, "draw them again: make docs"
    file = tmp_path / "days.svg"
    assert news("--lake", sample.settings.lake, "sql", "--question", "days", "--output", str(file)).code == 0
    assert file.read_text(encoding="utf-8") == made["images/question-days.svg"]
    said = news("--lake", sample.settings.lake, "sql", "select 1", "--format", "svg")
    assert (said.code, said.out) == (1, "")
    assert "a ready question" in said.err


def test_the_views_and_questions_are_listed_as_json(sample: SampleWalk, news: News) -> None:
    listed = news("--lake", sample.settings.lake, "sql", "--json").json
    assert set(listed["views"]) == set(VIEWS)
    assert [question["name"] for question in listed["questions"]] == [question.name for question in QUESTIONS]


def test_the_python_of_the_guide_runs(sample: SampleWalk, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(block.replace("data/lake", sample.settings.lake), {})
        assert "2026" in capsys.readouterr().out or "polars" in block


def test_a_record_is_one_page_after_a_second_capture(tmp_path: Path) -> None:
    settings = Settings(lake=str(tmp_path / "lake"), extract_processes=1)
    catalogue = load_catalogue(REPOSITORY / "data")
    for hour, title in ((12, "The first wording of a title"), (15, "The second wording of a title")):
        path = warc(tmp_path / f"{hour}.warc.gz", datetime(2026, 11, 20, hour, tzinfo=UTC), page("a", title=title), page("b"))
        stages.import_files(settings, catalogue, [path])
    assert query(settings.lake, "select count(*) as n from articles a join lake.extracted x using (webUrl)") == [{"n": 4}]
    assert query(settings.lake, "select p.title, x.title as extracted from pages p join extracted x using (webUrl) order by webUrl")[0] == {
        "title": "The second wording of a title",
        "extracted": "The second wording of a title",
    }
    assert query(settings.lake, "select count(*) as n from pages where text is not null") == [{"n": 2}]


def test_a_date_of_a_folder_compares_as_a_date_and_heat_has_a_column_without_the_marker(sample: SampleWalk) -> None:
    days = query(sample.settings.lake, "select distinct published_date as day from articles where published_date >= date '2026-11-19'")
    assert {row["day"] for row in days} == {date(2026, 11, 19), date(2026, 11, 20)}
    (row,) = query(
        sample.settings.lake, "select min(heat) as heat, min(leadHeat) as lead, count(*) filter (leadHeat is null) as n from articles"
    )
    assert row["heat"] == -1
    assert row["lead"] >= 0
    assert row["n"] > 0


def test_the_uses_that_a_publisher_refuses_are_those_of_the_policy(tmp_path: Path) -> None:
    lake = write_hostile_lake(tmp_path / "lake")
    at = datetime(2026, 11, 20, tzinfo=UTC)
    statements: list[tuple[str | None, list[tuple[str, str | None]]]] = [
        (None, []),
        ("reserved", []),
        ("notReserved", [("noai", None), ("noai", None)]),
        (None, [("aiTrain", "no"), ("aiTrain", "yes"), ("search", "yes")]),
        ("reserved", [("nosnippet", None), ("aiInput", "no"), ("license", "no")]),
    ]
    path = f"extracted/interval={PART.interval.key}/part-{PART.name}.parquet"
    rows = lake.read_table(path).to_pylist()
    for row, (tdm, wishes) in zip(rows, statements, strict=False):
        stated = [{"wish": wish, "value": value, "place": "robots", "at": at} for wish, value in wishes]
        row["rights"] = {"tdm": tdm, "tdmPolicy": None, "license": None, "wishes": stated}
    lake.write_table(path, pa.Table.from_pylist(rows, schema=schema.EXTRACTED))
    for view in ("extracted", "pages"):
        found = {row["webUrl"]: row["refused"] for row in query(lake.root, f"select webUrl, refused from {view}")}
        assert [found[rows[place]["webUrl"]] for place in range(len(statements))] == [sorted(refused_uses(*one)) for one in statements]
        assert found[rows[-1]["webUrl"]] == []


def test_an_empty_lake_has_every_view_without_rows_and_is_not_made(tmp_path: Path) -> None:
    with open_database(Lake(str(tmp_path / "none"))) as connection:
        assert {name: run_query(connection, f"from {name}").num_rows for name in VIEWS} == dict.fromkeys(VIEWS, 0)
        assert [run_query(connection, question.query).num_rows for question in QUESTIONS] == [0] * len(QUESTIONS)
    assert not (tmp_path / "none").exists()


def test_a_table_of_the_contract_without_a_view_of_its_own_is_a_view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(schema.TABLES, "weather", pa.schema([pa.field("place", pa.string())]))
    lake = Lake(str(tmp_path))
    assert query(tmp_path, "from weather") == []
    lake.write_table("weather/day=2026-11-20/weather.parquet", pa.table({"place": ["Iquique"]}))
    assert query(tmp_path, "from weather where day = date '2026-11-20'") == [{"place": "Iquique", "day": date(2026, 11, 20)}]


@pytest.mark.parametrize(
    "text",
    [
        "drop view articles",
        "create table t as select 1",
        "insert into lake.articles select * from lake.articles",
        "copy (select 1) to '{folder}/out.csv'",
        "attach '{folder}/other.duckdb'",
        "export database '{folder}/out'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "pragma enable_profiling",
        "call enable_logging(storage = 'file', storage_path = '{folder}')",
        "select * from enable_logging(storage_path = '{folder}')",
        "select * from enable_profiling(save_location = '{folder}/profile')",
        "select * from read_text('{folder}/secret.txt')",
        "select * from read_csv('{folder}/secret.txt')",
        "from '{folder}/secret.txt'",
        "select * from glob('{folder}/*')",
        "select * from parquet_metadata('{folder}/lake/articles/published_date=2026-11-20/articles.parquet')",
        "select * from read_csv('https://evil.example/x.csv')",
        "select * from read_parquet('s3://bucket/key')",
        "select * from connection",
        "select getenv('HOME')",
        "select 1; drop view articles",
        "",
        "selec",
    ],
)
def test_a_query_reads_the_lake_and_does_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a query looked up a host")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    lake = write_hostile_lake(tmp_path / "lake")
    (tmp_path / "secret.txt").write_text("secret")
    before = sorted(tmp_path.rglob("*"))
    with open_database(lake) as connection:
        with pytest.raises(PermanentError):
            run_query(connection, text.replace("{folder}", str(tmp_path)))
        assert run_query(connection, "from articles").num_rows == len(TEXTS)
    assert sorted(tmp_path.rglob("*")) == before


def test_hostile_texts_stay_texts_in_every_format(tmp_path: Path, news: News) -> None:
    lake = write_hostile_lake(tmp_path / "lake")
    options = ("--lake", lake.root, "sql", "select webUrl, title, provider, authors from pages order by captureOffset")
    assert [row["title"] for row in news(*options, "--format", "json").json] == list(TEXTS)
    for form in ("table", "csv", "json"):
        shown = news(*options, "--format", form).out
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", shown), form
    cells = list(csv.reader(io.StringIO(news(*options, "--format", "csv").out.replace("\r\n", "\n"))))
    assert len(cells) == len(TEXTS) + 1
    assert [cell for row in cells for cell in row if re.match(r"\s*[=+\-@＝]|[\t\r\n]", cell)] == []
    assert f"'{FORMULAS[0]}" in [row[1] for row in cells]
    file = tmp_path / "out.parquet"
    assert news(*options, "--output", str(file)).code == 0
    assert pq.read_table(file)["title"].to_pylist() == list(TEXTS)


def test_csv_has_values_of_json_and_no_notation_of_python(tmp_path: Path, news: News, sample: SampleWalk) -> None:
    text = news("--lake", sample.settings.lake, "sql", "select * exclude (text, excerpt, related) from pages", "--format", "csv").out
    assert not re.search(r"datetime|None|True|False|array\(|\{'", text)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0]["publishedDateTime"].endswith("Z")
    assert {row["published"] for row in rows} == {"true", "false"}
    assert rows[0]["topics"].startswith('["')
    sums = news("--lake", sample.settings.lake, "sql", "select sum(heat) as heat, avg(quality) as quality from articles", "--json").json
    assert isinstance(sums[0]["heat"], int)


def test_values_of_every_type_of_duckdb_leave_in_every_format(tmp_path: Path, news: News) -> None:
    odd = """select interval '3 days 90 minutes' as span, 'inf'::double as a, ['nan'::double] as a, '\\xFF'::blob as bytes,
        '101'::bit as bits, union_value(one := 1) as either, timestamp '2026-11-20 12:00:00' as plain, {'s': interval 1 day} as s,
        timestamp_ns '2026-11-20 12:00:00' as nano, timestamptz '2026-11-20 12:00:00+00' as zoned, timetz '12:00:00+00' as clock,
        1::uhugeint as huge, uuid '00000000-0000-0000-0000-000000000001' as id"""
    lake = ("--lake", str(tmp_path / "empty"), "sql", odd)
    (row,) = json.loads(news(*lake, "--json").out, parse_constant=pytest.fail)
    assert (row["span"], row["a"], row["a_1"], row["bytes"], row["bits"]) == ("3 days 01:30:00", None, [None], "\\xFF", "101")
    assert (row["plain"], row["nano"], row["zoned"]) == ("2026-11-20T12:00:00", "2026-11-20T12:00:00", "2026-11-20T12:00:00Z")
    (cells,) = csv.DictReader(io.StringIO(news(*lake, "--format", "csv").out))
    assert (cells["span"], cells["plain"], cells["clock"]) == ("3 days 01:30:00", "2026-11-20T12:00:00", "12:00:00+00")
    assert "3 days 01:30:00" in news(*lake, "--format", "html").out
    assert news(*lake, "--output", str(tmp_path / "odd.parquet")).code == 0
    assert pq.read_table(tmp_path / "odd.parquet").column_names == list(row)
    said = news("--lake", str(tmp_path / "empty"), "sql", "select date 'infinity' as day", "--json")
    assert (said.code, "outside the years 1 to 9999" in said.err) == (1, True)


@pytest.mark.parametrize("option", ["--duckdb", "--ducklake"])
def test_a_database_that_cannot_be_written_is_1_and_named(tmp_path: Path, news: News, option: str) -> None:
    for file in (tmp_path / "nowhere" / "news.db", tmp_path):
        said = news("--lake", str(tmp_path / "lake"), "serve-sql", option, str(file))
        assert (said.code, said.out) == (1, "")
        assert said.err.startswith(f"news: {file}")
    said = news("--lake", str(tmp_path / "lake"), "sql", "select 1", "--output", str(tmp_path / "nowhere" / "a.parquet"))
    assert (said.code, said.err) == (1, f"news: {tmp_path}/nowhere/a.parquet: No such file or directory\n")


def test_a_row_is_shown_as_lines_where_its_columns_do_not_fit(sample: SampleWalk, news: News) -> None:
    lake = ("--lake", sample.settings.lake, "sql")
    said = news(*lake, "select * from pages", "--limit", "2").out
    assert said.count("\nwebUrl: ") == 2
    assert said.endswith("not shown (--limit)\n")
    assert "articles" in news(*lake).out
    assert all(question.text in news(*lake).out for question in QUESTIONS)
    assert "there are: hottest, days" in news(*lake, "--question", "weather").err
    assert news(*lake, "--question", "hottest", "--json").json[0]["leadHeat"] > 100


def test_a_database_file_has_the_same_views_and_sees_later_files(tmp_path: Path, news: News) -> None:
    settings = Settings(lake=str(tmp_path / "it's a lake"), extract_processes=1)
    catalogue = load_catalogue(REPOSITORY / "data")
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    stages.import_files(settings, catalogue, [warc(tmp_path / "a.warc.gz", at, page("a"), page("b"))])
    file = tmp_path / "news.duckdb"
    for _ in range(2):
        assert str(file) in news("--lake", settings.lake, "serve-sql", "--duckdb", str(file)).out
    with duckdb.connect(str(file), read_only=True) as served, open_database(Lake(settings.lake)) as opened:
        served.execute("set TimeZone = 'UTC'")
        for view in VIEWS:
            rows = f"select * from {view} order by all"
            here, there = run_query(opened, rows), served.sql(rows).to_arrow_table()
            assert here.column_names == there.column_names
            assert here.to_pylist() == there.to_pylist()
    stages.import_files(settings, catalogue, [warc(tmp_path / "b.warc.gz", at.replace(hour=13), page("d", day=date(2026, 11, 19)))])
    with duckdb.connect(str(file), read_only=True) as served:
        assert served.sql("select count(*) from pages").fetchall() == [(3,)]
    notes = tmp_path / "notes.txt"
    notes.write_text("not a database")
    with pytest.raises(PermanentError, match="is no DuckDB database"):
        write_database(Lake(settings.lake), notes)
    assert notes.read_text() == "not a database"


def test_files_from_before_a_column_came_are_read_with_null(tmp_path: Path) -> None:
    lake = write_hostile_lake(tmp_path / "lake")
    path = f"extracted/interval={PART.interval.key}/part-{PART.name}.parquet"
    lake.write_table(path, lake.read_table(path).drop_columns(["rights", "alternatives"]))
    write_database(lake, tmp_path / "x.duckdb")
    with duckdb.connect(str(tmp_path / "x.duckdb"), read_only=True) as served:
        assert served.sql("select count(*) from pages where rights is null").fetchall() == [(len(TEXTS),)]
    assert query(lake.root, "select count(*) as n from pages where rights is null") == [{"n": len(TEXTS)}]
    assert query(lake.root, f"select count(*) as n from pages where captureFile = '{captures_path(PART)}'") == [{"n": len(TEXTS)}]
    (found,) = url_history(lake, "https://evil.example/0").records
    assert found["rights"] is None


def test_a_database_over_some_files_reads_no_file_outside_the_lake(tmp_path: Path) -> None:
    lake = write_hostile_lake(tmp_path / "lake")
    (tmp_path / "lake.csv").write_text("secret")
    with open_tables(lake, {"ledger": [ledger_path(PART)]}) as connection:
        assert run_query(connection, "from lake.ledger").num_rows == len(TEXTS)
        with pytest.raises(PermanentError, match="disabled by configuration"):
            run_query(connection, f"from read_csv('{tmp_path}/lake.csv')")

"""The lake's Parquet as pandas, DuckDB, Polars and Arrow read it: every table, the same rows; and how its files are laid out."""

from __future__ import annotations

import json
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from pipeline import __version__
from pipeline.core import schema
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.parquet_layout import LAYOUTS
from pipeline.lake.storage import Lake
from pipeline.operations import maintenance
from pipeline.publishing.sql.database import open_database, run_query
from tests.integration.conftest import NOON, SampleWalk

TABLES = sorted(LAYOUTS)
FOLDER_KEYS = {
    "articles": "published_date",
    "changes": "published_date",
    "explain": "published_date",
    "extracted": "interval",
    "ledger": "interval",
    "stories": "published_date",
}


@pytest.fixture(scope="module")
def settings(sample: SampleWalk, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Those of a copy of the sample world's lake, to which this file may add tables."""
    root = shutil.copytree(sample.settings.lake, tmp_path_factory.mktemp("readers") / "lake")
    return sample.settings.model_copy(update={"lake": str(root)})


@pytest.fixture(scope="module")
def lake(settings: Settings, sample: SampleWalk) -> Lake:
    """The sample world with its completeness."""
    maintenance.write_completeness(settings, sample.catalogue, now=NOON + timedelta(days=1))
    return Lake(settings.lake)


def files(lake: Lake, table: str) -> list[Path]:
    """The files of a table that have rows: of a date without stories the file is empty."""
    return [path for path in sorted(Path(lake.root, table).rglob("*.parquet")) if pq.read_metadata(path).num_rows]


def test_every_table_of_the_contract_has_a_layout() -> None:
    assert set(LAYOUTS) == set(schema.TABLES)
    for name, layout in LAYOUTS.items():
        assert {*layout.sorted_by, *layout.looked_up_by} <= set(schema.TABLES[name].names)


@pytest.mark.parametrize("table", TABLES)
def test_pandas_polars_duckdb_and_arrow_read_the_folder_with_the_same_rows(lake: Lake, table: str) -> None:
    folder, key = f"{lake.root}/{table}", FOLDER_KEYS.get(table)
    columns = {*schema.TABLES[table].names, *([key] if key is not None else [])}
    frame = pd.read_parquet(folder)
    polar = pl.scan_parquet(f"{folder}/**/*.parquet", hive_partitioning=key is not None).collect()
    duck = duckdb.sql(f"from read_parquet('{folder}/**/*.parquet')").to_arrow_table()
    arrow = ds.dataset(folder, format="parquet", partitioning="hive").to_table()
    assert set(frame.columns) == set(polar.columns) == set(duck.column_names) == set(arrow.column_names) == columns
    assert len(frame) == polar.height == duck.num_rows == arrow.num_rows > 0
    assert ds.dataset(folder, format="parquet").schema.equals(schema.TABLES[table])
    moments = [field.name for field in schema.TABLES[table] if field.type == schema.TIMESTAMP]
    assert {str(frame[name].dtype) for name in moments} <= {"datetime64[us, UTC]", "datetime64[ns, UTC]"}


def test_the_date_of_a_folder_is_a_date(lake: Lake) -> None:
    newest = pl.scan_parquet(f"{lake.root}/articles/**/*.parquet", hive_partitioning=True)
    assert newest.select(pl.col("published_date").max()).collect().item() == date(2026, 11, 20)
    frame = pd.read_parquet(f"{lake.root}/completeness")
    assert frame["day"].max() == date(2026, 11, 20)
    for table in ("articles", "changes", "explain", "stories"):
        days = pd.read_parquet(f"{lake.root}/{table}")["published_date"]
        assert 0 < (days < date(2026, 11, 20)).sum() < len(days)
        assert days.max() == date(2026, 11, 20)
    hours = pd.read_parquet(f"{lake.root}/ledger", columns=["url", "interval"])["interval"]
    assert (hours <= "2026-11-20T12").all()
    counted = duckdb.sql(f"select count(*) from '{lake.root}/articles/*/*.parquet' where published_date >= date '2026-11-20'").fetchall()
    assert 0 < counted[0][0] < len(pd.read_parquet(f"{lake.root}/articles"))


@pytest.mark.parametrize("table", TABLES)
def test_files_say_how_they_are_sorted_and_are(lake: Lake, table: str) -> None:
    sorted_by = LAYOUTS[table].sorted_by
    for path in files(lake, table):
        with pq.ParquetFile(path) as file:
            groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
            named = [tuple(file.schema.column(column.column_index).path for column in group.sorting_columns or ()) for group in groups]
            assert set(named) <= {sorted_by}
            assert all(column.nulls_first is False for group in groups for column in group.sorting_columns or ())
            rows = file.read(columns=list(sorted_by)).to_pylist() if sorted_by else []
        keys = [tuple((row[name] is None, row[name]) for name in sorted_by) for row in rows]
        assert keys == sorted(keys)


@pytest.mark.parametrize("table", TABLES)
def test_files_have_statistics_and_bloom_filters_that_rule_out_other_values(lake: Lake, table: str) -> None:
    for path in files(lake, table):
        metadata = pq.read_metadata(path)
        group = metadata.row_group(0)
        flat = [group.column(place) for place in range(metadata.num_columns) if "." not in group.column(place).path_in_schema]
        assert all(column.is_stats_set for column in flat)
        for name in LAYOUTS[table].looked_up_by:
            value = next(value for value in pq.read_table(path, columns=[name])[name].to_pylist() if value is not None)
            assert not _is_ruled_out(path, name, value)
            assert sum(_is_ruled_out(path, name, f"https://no.example/{number}") for number in range(10)) >= 8


def _is_ruled_out(path: Path, column: str, value: str) -> bool:
    """Whether the Bloom filters of all row groups say that the value is not there."""
    probed = duckdb.sql(f"select bool_and(bloom_filter_excludes) from parquet_bloom_probe('{path}', '{column}', '{value}')")
    return bool(probed.fetchall()[0][0])


@pytest.mark.parametrize("table", TABLES)
def test_a_file_says_which_table_it_is_which_version_wrote_it_and_what_its_columns_mean(lake: Lake, table: str) -> None:
    for path in files(lake, table):
        said = pq.read_schema(path).metadata
        assert said[b"news.table"] == table.encode()
        assert said[b"news.version"] == __version__.encode()
        assert set(json.loads(said[b"news.dictionary"])) == set(schema.TABLES[table].names)
        if table in ("articles", "explain"):
            assert datetime.fromisoformat(said[b"news.asOf"].decode()) == NOON


def test_a_row_that_is_rewritten_keeps_the_version_that_made_it(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    empty = schema.COMPLETENESS.empty_table().replace_schema_metadata({b"news.version": b"0.1.0"})
    lake.write_table(storage.completeness_path(date(2026, 11, 20)), empty)
    said = lake.read_metadata(storage.completeness_path(date(2026, 11, 20)))
    assert (said[b"news.version"], said[b"news.table"]) == (b"0.1.0", b"completeness")


def test_completeness_that_lies_in_folders_of_days_is_put_beside_them(lake: Lake, settings: Settings, sample: SampleWalk) -> None:
    new = storage.completeness_path(date(2026, 11, 1))
    old = "completeness/day=2026-11-01/completeness.parquet"
    lake.write_table(old, lake.read_table(storage.completeness_path(date(2026, 11, 20))).slice(0, 1))
    maintenance.write_completeness(settings, sample.catalogue, now=NOON + timedelta(days=1))
    assert not lake.exists(old)
    assert lake.read_table(new).num_rows == 1
    assert len(pd.read_parquet(f"{lake.root}/completeness")) > 1
    lake.delete(new)


def test_tables_join_by_their_keys(lake: Lake) -> None:
    with open_database(lake) as connection:
        queries = {
            "explain": "select count(*) as n from articles join explain using (published_date, webUrl)",
            "extracted": "select count(*) as n from explain e join lake.extracted x using (captureFile, captureOffset)",
            "ledger": "select count(*) as n from lake.extracted x "
            "join ledger l on l.captureFile = x.captureFile and l.offset = x.captureOffset",
            "completeness": "select count(distinct (c.day, c.sourceId)) as n from completeness c "
            "join ledger l on l.sourceId = c.sourceId and l.hour::date = c.day",
            "changes": "select count(distinct (published_date, webUrl)) as n from changes join articles using (published_date, webUrl)",
            "images": "select count(*) as n from images join articles using (published_date, webUrl)",
            "related": "select count(*) as n from related r join articles a on a.webUrl = r.relatedUrl",
        }
        found = {name: run_query(connection, query)["n"][0].as_py() for name, query in queries.items()}
        counted = {
            name: run_query(connection, f"from {name}").num_rows
            for name in ("articles", "lake.extracted", "completeness where day = '2026-11-20'", "images", "related")
        }
    articles, pages, days, images, related = counted.values()
    assert found == {
        **{"explain": articles, "extracted": articles, "ledger": pages, "completeness": days},
        **{"changes": articles, "images": images, "related": related},
    }


def test_a_publisher_has_one_name_in_all_records_and_their_related_articles(lake: Lake) -> None:
    with open_database(lake) as connection:
        names = run_query(
            connection,
            "select domain, list_sort(list(distinct name)) as names from (select providerDomain as domain, providerName as name "
            "from articles union all select relatedProviderDomain, relatedProviderName from related) group by domain",
        ).to_pylist()
    assert [row for row in names if len(row["names"]) > 1] == []

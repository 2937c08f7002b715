"""`news serve-sql --ducklake`: a catalogue that names the lake's files, its snapshots, and what DuckDB's own extension reads through it.

The extension exists for DuckDB 1.5.5, so it runs in an environment of its own (`make test-ducklake`).
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from pipeline.core import schema
from pipeline.core.catalogue import load_catalogue
from pipeline.core.errors import PermanentError
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from pipeline.publishing.sql.database import open_database, run_query
from pipeline.publishing.sql.ducklake import write_ducklake
from pipeline.publishing.sql.views import MEANINGS, VIEWS
from tests.integration.commands import News, root_logger_kept, say
from tests.integration.conftest import REPOSITORY, SampleWalk
from tests.integration.test_publish import page, warc

DAY = date(2026, 11, 20)
READER = REPOSITORY / ".venv-ducklake" / "bin" / "python"
MORNING, NOON, EVENING = (datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in (9, 12, 18))
FIRST, SECOND = "The first wording of a title", "The second wording of a title"


@pytest.fixture
def news(capsys: pytest.CaptureFixture[str]) -> Iterator[News]:
    with root_logger_kept():
        yield lambda *arguments: say(arguments, capsys)


@dataclass(frozen=True)
class Served:
    """A lake of two captures of a page, its state as of the first, and the catalogue of both."""

    lake: Lake
    state: Lake
    file: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    folder = tmp_path_factory.mktemp("ducklake")
    settings = Settings(lake=str(folder / "it's a lake"), extract_processes=1)
    catalogue = load_catalogue(REPOSITORY / "data")
    for at, title in ((MORNING, FIRST), (EVENING, SECOND)):
        stages.import_files(settings, catalogue, [warc(folder / f"{at:%H}.warc.gz", at, page("a", title=title), page("b"))])
    stages.publish(settings, catalogue, DAY, as_of=NOON, into=str(folder / "noon"))
    lake, state = Lake(settings.lake), Lake(str(folder / "noon"))
    write_ducklake(lake, folder / "news.ducklake", states=[state])
    return Served(lake, state, folder / "news.ducklake")


def digests(root: str) -> dict[str, object]:
    """Every file below the folder with its bytes and the time at which it was written."""
    files = [path for path in Path(root).rglob("*") if path.is_file()]
    return {str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in files}


def listed(file: Path, table: str, moment: datetime | None = None) -> list[dict[str, Any]]:
    """The files of a table in the newest snapshot up to the moment, as the format says that a reader finds them."""
    until = "true" if moment is None else f"snapshot_time <= timestamptz '{moment.isoformat(sep=' ')}'"
    query = f"""with snapshot as (select max(snapshot_id) as id from ducklake_snapshot where {until})
        select f.* from ducklake_data_file f join ducklake_table t using (table_id), snapshot
        where t.table_name = '{table}' and f.begin_snapshot <= id and (f.end_snapshot is null or f.end_snapshot > id) order by f.path"""
    with duckdb.connect(str(file), read_only=True) as catalogue:
        return catalogue.sql(query).to_arrow_table().to_pylist()


def test_the_catalogue_names_every_file_of_the_lake_and_changes_no_byte_of_it(tmp_path: Path, sample: SampleWalk, news: News) -> None:
    lake, file = Lake(sample.settings.lake), tmp_path / "news.ducklake"
    before = digests(lake.root)
    for _ in range(2):
        said = news("--lake", lake.root, "serve-sql", "--ducklake", str(file), "--json").json
    assert digests(lake.root) == before
    assert file.stat().st_mode & 0o222 == 0
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    files = {table: [one for one in lake.files(table) if one.path.endswith(".parquet")] for table in schema.TABLES}
    assert said["files"] == sum(map(len, files.values()))
    for table, own in files.items():
        rows = listed(file, table)
        assert [(row["path"], row["file_size_bytes"]) for row in rows] == [(f"{lake.root}/{one.path}", one.size) for one in own]
        for row in rows:
            footer = pq.read_metadata(row["path"])
            assert (row["record_count"], row["footer_size"]) == (footer.num_rows, footer.serialized_size)
    shown = news("--lake", lake.root, "serve-sql", "--ducklake", str(file)).out
    assert f"attach 'ducklake:{file}' as news (read_only)" in " ".join(shown.split())


def test_a_table_has_the_columns_of_the_contract_with_their_meaning_and_a_view_its_query(served: Served) -> None:
    with duckdb.connect(str(served.file), read_only=True) as catalogue:
        columns = catalogue.sql(
            "select t.table_name, c.column_name, g.value from ducklake_column c join ducklake_table t using (table_id) "
            "left join ducklake_column_tag g using (table_id, column_id) where c.parent_column is null order by c.column_order"
        ).fetchall()
        views = dict(catalogue.sql("select view_name, g.value from ducklake_view join ducklake_tag g on g.object_id = view_id").fetchall())
    for table, contract in schema.TABLES.items():
        own = {name: meaning for owner, name, meaning in columns if owner == table}
        assert list(own)[: len(contract)] == contract.names
        assert [own[field.name] for field in contract] == [field.metadata[b"meaning"].decode() for field in contract]
        assert set(own) - set(contract.names) <= {"published_date", "interval"}
    assert views == MEANINGS


def test_a_file_is_there_from_the_newest_capture_that_it_knows(served: Served) -> None:
    def paths(table: str, moment: datetime | None = None) -> list[str]:
        return [row["path"] for row in listed(served.file, table, moment)]

    early = datetime(2026, 11, 20, 8, tzinfo=UTC)
    own, state = (f"{lake.root}/{storage.articles_path(DAY)}" for lake in (served.lake, served.state))
    assert [len(paths(table, early)) for table in schema.TABLES] == [0] * len(schema.TABLES)
    assert [len(paths("extracted", moment)) for moment in (MORNING, NOON, EVENING, None)] == [1, 1, 2, 2]
    assert [len(paths("ledger", moment)) for moment in (MORNING, EVENING)] == [1, 2]
    assert [len(paths("changes", moment)) for moment in (MORNING, EVENING)] == [1, 2]
    assert [paths("articles", moment) for moment in (MORNING, NOON, EVENING, None)] == [[], [state], [own], [own]]
    assert [Path(path).parts[-3] for path in paths("explain", NOON)] == ["explain"]


def test_a_state_that_knew_all_that_the_lake_knows_is_left_out(tmp_path: Path, served: Served) -> None:
    write_ducklake(served.state, tmp_path / "x.ducklake", states=[served.lake])
    assert [row["path"] for row in listed(tmp_path / "x.ducklake", "articles")] == [f"{served.state.root}/{storage.articles_path(DAY)}"]


def test_what_cannot_be_a_catalogue_is_refused(tmp_path: Path, served: Served, news: News) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("not a database")
    with pytest.raises(PermanentError, match="is no DuckDB database"):
        write_ducklake(served.lake, notes)
    assert notes.read_text() == "not a database"
    with pytest.raises(PermanentError, match="no build as of a time"):
        write_ducklake(served.lake, tmp_path / "x", states=[Lake(str(tmp_path / "none"))])
    said = news("--lake", served.lake.root, "serve-sql", "--duckdb", str(tmp_path / "y"), "--state", served.state.root)
    assert (said.code, "--state is for --ducklake" in said.err) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_older_file_that_lacks_a_column_is_named_without_it(tmp_path: Path, served: Served) -> None:
    lake = Lake(str(tmp_path / "lake"))
    for number, one in enumerate(served.lake.files("extracted")):
        table = served.lake.read_table(one.path)
        lake.write_table(one.path, table.drop_columns(["rights"]) if number else table)
    write_ducklake(lake, tmp_path / "x.ducklake")
    with duckdb.connect(str(tmp_path / "x.ducklake"), read_only=True) as catalogue:
        names = catalogue.sql("select mapping_id, list(source_name) from ducklake_name_mapping group by 1 order by 1").fetchall()
    assert [("rights" in mapped, "wishes" in mapped, "interval" in mapped) for _, mapped in names] == [
        (True, True, True),
        (False, False, True),
    ]


READ = """
import json, sys, duckdb, duckdb_extension_ducklake
from pathlib import Path
file, folder, queries = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
package = Path(duckdb_extension_ducklake.__file__).parent
connection = duckdb.connect()
connection.execute(f"load '{next(package.rglob('*.duckdb_extension'))}'")
connection.execute("set TimeZone = 'UTC'")
connection.execute(f"attach 'ducklake:{file}' as news (read_only)")
for name, query in queries.items():
    try:
        connection.execute(f"copy ({query}) to '{folder}/{name}.parquet'" if query.startswith("select") else query)
    except duckdb.Error as error:
        Path(folder, f"{name}.error").write_text(str(error))
"""


def read_by_the_extension(file: Path, folder: Path, queries: dict[str, str]) -> None:
    """Run the queries in DuckDB with its extension: the rows of each go into a Parquet file, or the error into a text file."""
    if not READER.exists():
        pytest.skip("no .venv-ducklake with DuckDB's extension ducklake: make test-ducklake makes it")
    subprocess.run([READER, "-c", READ, file, folder, json.dumps(queries)], check=True, timeout=120)
    failed = {path.stem: path.read_text() for path in folder.glob("*.error")}
    assert {name: text for name, text in failed.items() if queries[name].startswith("select")} == {}


def test_the_extension_reads_every_table_and_view_as_the_files_have_it(tmp_path: Path, sample: SampleWalk) -> None:
    lake = Lake(sample.settings.lake)
    write_ducklake(lake, tmp_path / "news.ducklake")
    tables = {name: f"lake.{name}" for name in schema.TABLES}
    views = {f"view_{name}": name for name in VIEWS}
    read_by_the_extension(
        tmp_path / "news.ducklake",
        tmp_path,
        {name: f"select * from news.{source} order by all" for name, source in {**tables, **views}.items()},
    )
    with open_database(lake) as connection:
        for name, source in {**tables, **views}.items():
            own = run_query(connection, f"select * from {source} order by all").to_pylist()
            assert pq.read_table(tmp_path / f"{name}.parquet").to_pylist() == own, name


def test_the_extension_travels_in_time_and_deletes_nothing(tmp_path: Path, served: Served) -> None:
    moment = "at (timestamp => timestamptz '{}')".format(NOON.isoformat(sep=" "))
    before = digests(served.lake.root) | digests(served.state.root) | {"catalogue": served.file.read_bytes()}
    read_by_the_extension(
        served.file,
        tmp_path,
        {
            "noon": f"select title from news.lake.articles {moment} where webUrl like '%/a'",
            "now": "select title from news.articles where webUrl like '%/a'",
            "pruned": "select count(*) as n from news.lake.extracted where capturedAt > timestamptz '2026-11-20 12:00:00+00'",
            "expire": "call ducklake_expire_snapshots('news', older_than => now())",
            "orphans": "call ducklake_delete_orphaned_files('news', cleanup_all => true)",
            "old": "call ducklake_cleanup_old_files('news', cleanup_all => true)",
            "merge": "call ducklake_merge_adjacent_files('news')",
            "delete": "delete from news.lake.articles",
        },
    )
    rows = {name: pq.read_table(tmp_path / f"{name}.parquet").to_pylist() for name in ("noon", "now", "pruned")}
    assert rows == {"noon": [{"title": FIRST}], "now": [{"title": SECOND}], "pruned": [{"n": 2}]}
    assert (tmp_path / "delete.error").exists()
    # merging leaves new files in the catalogue's own folder, also when it is attached read-only
    assert digests(served.lake.root) | digests(served.state.root) | {"catalogue": served.file.read_bytes()} == before

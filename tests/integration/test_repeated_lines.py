"""Lines that a site repeats: learnt from a day of the lake, cut from captures after it, the same lines at each extraction."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from pipeline.core import schema
from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import PermanentError
from pipeline.core.models import Part
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.repeated_lines import FOLDER
from pipeline.lake.storage import Lake
from pipeline.operations import maintenance, stages
from tests.integration.articles import PAGES, warc
from tests.integration.test_rebuild import files

PROMPT = "Write to the desk at desk@any.example, we read every letter."
ALTERNATIVES = schema.EXTRACTED.field("alternatives").type
NEXT_DAY = datetime(2026, 11, 21, 12, tzinfo=UTC)


def with_prompt(page: tuple[str, bytes]) -> tuple[str, bytes]:
    return page[0], page[1].replace(b"</article>", f"<p>{PROMPT}</p></article>".encode())


def import_pages(offline: Settings, shipped: Catalogue, at: datetime, *pages: tuple[str, bytes]) -> Part:
    """Import these pages as captured at `at`; returns their part."""
    (report,), _ = stages.import_files(offline, shipped, [warc(Path(offline.lake).parent / f"{at:%d-%H}.warc", at, *pages)])
    (part,) = report.parts
    return part


def texts(offline: Settings) -> dict[str, str]:
    rows = ds.dataset(f"{offline.lake}/extracted", format="parquet").to_table(columns=["webUrl", "text"]).to_pylist()
    return {row["webUrl"].rpartition("/")[2]: row["text"] for row in rows}


def test_what_a_site_repeated_yesterday_is_cut_from_a_page_that_comes_alone(offline: Settings, shipped: Catalogue) -> None:
    for hour, page in zip((9, 10, 11), PAGES[:3], strict=True):
        import_pages(offline, shipped, datetime(2026, 11, 20, hour, tzinfo=UTC), with_prompt(page))
    assert all(PROMPT in text for text in texts(offline).values())  # an hour of one page each shows no repetition
    assert maintenance.learn_repeated(offline, now=NEXT_DAY) == 1
    part = import_pages(offline, shipped, datetime(2026, 11, 21, 9, tzinfo=UTC), with_prompt(PAGES[3]))
    assert PROMPT not in texts(offline)["p3"]
    assert read_manifest(Lake(offline.lake), part).repeated == date(2026, 11, 20)


def test_a_capture_keeps_the_lines_that_were_known_when_it_was_made(offline: Settings, shipped: Catalogue) -> None:
    before = [
        import_pages(offline, shipped, datetime(2026, 11, 20, hour, tzinfo=UTC), with_prompt(page))
        for hour, page in zip((9, 10, 11), PAGES[:3], strict=True)
    ]
    maintenance.learn_repeated(offline, now=NEXT_DAY)
    after = import_pages(offline, shipped, datetime(2026, 11, 21, 9, tzinfo=UTC), with_prompt(PAGES[3]))
    maintenance.learn_repeated(offline, now=datetime(2026, 11, 22, tzinfo=UTC))
    built = files(offline.lake)
    for part in (*before, after):
        stages.extract(offline, shipped, part)
    assert files(offline.lake) == built
    (Path(offline.lake) / FOLDER / "2026-11-20.json").unlink()
    with pytest.raises(PermanentError, match=r"raw/repeated/2026-11-20\.json is missing"):
        stages.extract(offline, shipped, after)


def test_rows_without_alternatives_hold_nothing_that_was_cut(offline: Settings, shipped: Catalogue) -> None:
    part = import_pages(offline, shipped, datetime(2026, 11, 20, 9, tzinfo=UTC), PAGES[0])
    lake, path = Lake(offline.lake), storage.extracted_path(part)
    table = lake.read_table(path)
    lake.write_table(path, table.set_column(table.column_names.index("alternatives"), "alternatives", pa.nulls(1, ALTERNATIVES)))
    assert maintenance.learn_repeated(offline, now=NEXT_DAY) == 0


def test_a_line_that_an_hour_has_cut_is_learnt_too_and_forgotten_when_it_is_seen_no_more(offline: Settings, shipped: Catalogue) -> None:
    import_pages(offline, shipped, datetime(2026, 11, 20, 9, tzinfo=UTC), *map(with_prompt, PAGES[:3]))
    assert PROMPT not in texts(offline)["p0"]
    known = [maintenance.learn_repeated(offline, now=NEXT_DAY + timedelta(days=days)) for days in (0, 0, 89, 90)]
    assert known == [1, 1, 1, 0]

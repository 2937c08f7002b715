"""Lines that a site repeats: learnt from a day of the lake, cut from captures after it, the same lines at each extraction."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from pipeline.core.catalogue import Catalogue, load_catalogue
from pipeline.core.errors import PermanentError
from pipeline.core.models import Part
from pipeline.core.settings import Settings
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.repeated_lines import FOLDER
from pipeline.lake.storage import Lake
from pipeline.operations import maintenance, stages
from tests.integration.articles import PAGES, warc
from tests.integration.test_import import CATALOGUE
from tests.integration.test_rebuild import files

PROMPT = "Write to the desk at desk@any.example, we read every letter."
NEXT_DAY = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(lake=str(tmp_path / "lake"))


@pytest.fixture
def catalogue() -> Catalogue:
    return load_catalogue(CATALOGUE)


def with_prompt(page: tuple[str, bytes]) -> tuple[str, bytes]:
    return page[0], page[1].replace(b"</article>", f"<p>{PROMPT}</p></article>".encode())


def import_pages(settings: Settings, catalogue: Catalogue, at: datetime, *pages: tuple[str, bytes]) -> Part:
    """Import these pages as captured at `at`; returns their part."""
    (report,), _ = stages.import_files(settings, catalogue, [warc(Path(settings.lake).parent / f"{at:%d-%H}.warc", at, *pages)])
    (part,) = report.parts
    return part


def texts(settings: Settings) -> dict[str, str]:
    rows = ds.dataset(f"{settings.lake}/extracted", format="parquet").to_table(columns=["webUrl", "text"]).to_pylist()
    return {row["webUrl"].rpartition("/")[2]: row["text"] for row in rows}


def test_what_a_site_repeated_yesterday_is_cut_from_a_page_that_comes_alone(settings: Settings, catalogue: Catalogue) -> None:
    for hour, page in zip((9, 10, 11), PAGES[:3], strict=True):
        import_pages(settings, catalogue, datetime(2026, 11, 20, hour, tzinfo=UTC), with_prompt(page))
    assert all(PROMPT in text for text in texts(settings).values())  # an hour of one page each shows no repetition
    assert maintenance.learn_repeated(settings, now=NEXT_DAY) == 1
    part = import_pages(settings, catalogue, datetime(2026, 11, 21, 9, tzinfo=UTC), with_prompt(PAGES[3]))
    assert PROMPT not in texts(settings)["p3"]
    assert read_manifest(Lake(settings.lake), part).repeated == date(2026, 11, 20)


def test_a_capture_keeps_the_lines_that_were_known_when_it_was_made(settings: Settings, catalogue: Catalogue) -> None:
    before = [
        import_pages(settings, catalogue, datetime(2026, 11, 20, hour, tzinfo=UTC), with_prompt(page))
        for hour, page in zip((9, 10, 11), PAGES[:3], strict=True)
    ]
    maintenance.learn_repeated(settings, now=NEXT_DAY)
    after = import_pages(settings, catalogue, datetime(2026, 11, 21, 9, tzinfo=UTC), with_prompt(PAGES[3]))
    maintenance.learn_repeated(settings, now=datetime(2026, 11, 22, tzinfo=UTC))
    built = files(settings.lake)
    for part in (*before, after):
        stages.extract(settings, catalogue, part)
    assert files(settings.lake) == built
    (Path(settings.lake) / FOLDER / "2026-11-20.json").unlink()
    with pytest.raises(PermanentError, match=r"raw/repeated/2026-11-20\.json is missing"):
        stages.extract(settings, catalogue, after)


def test_a_line_that_an_hour_has_cut_is_learnt_too_and_forgotten_when_it_is_seen_no_more(settings: Settings, catalogue: Catalogue) -> None:
    import_pages(settings, catalogue, datetime(2026, 11, 20, 9, tzinfo=UTC), *map(with_prompt, PAGES[:3]))
    assert PROMPT not in texts(settings)["p0"]
    known = [maintenance.learn_repeated(settings, now=NEXT_DAY + timedelta(days=days)) for days in (0, 0, 89, 90)]
    assert known == [1, 1, 1, 0]

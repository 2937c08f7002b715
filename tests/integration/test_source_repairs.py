"""Sources that heal: fifty sites break on the newsroom, and what `news sources heal` proposes for each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.core.catalogue import load_catalogue
from pipeline.core.errors import ConfigError
from pipeline.core.settings import Settings
from pipeline.discovery.health import repair_search
from pipeline.operations import stages
from pipeline.operations.source_repairs import HealedSources, apply_repairs, heal_sources
from tests.integration.conftest import NOON, FrozenClock, impatient
from tests.integration.test_capture import HOUR, ONE, feed
from tests.newsroom import Newsroom
from tests.newsroom.breaks import BREAKS, Site, stand_up

COMMENT = "# who follows whom\nsources:\n"


@dataclass(frozen=True, slots=True)
class Healing:
    """The settings with the catalogue of broken sites, what was found, and what is right, by source."""

    settings: Settings
    healed: HealedSources
    right: dict[str, str | None]


@pytest.fixture(scope="module")
def healing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Healing]:
    """All sites work for an hour, then break for three."""
    folder = tmp_path_factory.mktemp("healing")
    repository = Path(__file__).resolve().parents[2]
    for name in ("topics", "providers", "scoring", "editorial"):
        shutil.copy(repository / "data" / f"{name}.yaml", folder)
    lines = []
    for name, one in BREAKS.items():
        listing = f"{'sitemaps' if one.sitemap else 'feeds'}: ['https://{name}.example{one.sitemap or one.feed}']"
        lines.append(f"  - {{id: {name}, name: {name}, {listing}, topic: AI, pace_s: 0}}")
    (folder / "sources.yaml").write_text(COMMENT + "\n".join(lines) + "\n")
    with Newsroom(now=NOON) as room:
        settings = impatient(room, folder / "lake").model_copy(update={"config": str(folder)})
        catalogue, clock = load_catalogue(folder), FrozenClock()
        sites = {name: stand_up(room, name, one) for name, one in BREAKS.items()}
        _capture(settings, clock, hours=1)
        right = {name: one.happen(room, sites[name], Site(name, f"https://new-{name}.example")) for name, one in BREAKS.items()}
        _capture(settings, clock, hours=3)
        room.misbehave("https://answers-again.example/feed", None)
        yield Healing(settings, heal_sources(settings, catalogue, clock=clock), right)


def _capture(settings: Settings, clock: FrozenClock, *, hours: int) -> None:
    catalogue = load_catalogue(settings.config)
    for _ in range(hours):
        interval = HOUR.containing(clock.moment - timedelta(hours=1))
        for part in stages.plan(settings, catalogue, interval):
            stages.capture(settings, catalogue, part, live=True, only_due=False, clock=clock)
        clock.moment += timedelta(hours=1)


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_source_is_healed_or_left_alone(healing: Healing, name: str) -> None:
    (repair,) = (one for one in healing.healed.repairs if one.source_id == name)
    assert repair.new == healing.right[name], repair.evidence
    assert repair.evidence


def test_there_are_forty_breaks_that_can_be_healed_or_must_not_be(healing: Healing) -> None:
    assert len(healing.right) >= 40
    assert sum(right is None for right in healing.right.values()) >= 8


def test_the_diff_shows_each_proposal_and_applying_it_keeps_every_other_byte(healing: Healing) -> None:
    proposals = {name: url for name, url in healing.right.items() if url is not None}
    added = [line for line in healing.healed.diff.splitlines() if line.startswith("+  -")]
    assert len(added) == len(proposals)
    apply_repairs(healing.settings, healing.healed)
    text = Path(healing.settings.config, "sources.yaml").read_text()
    assert text.startswith(COMMENT)
    assert {name: source.listings[0] for name in proposals if (source := load_catalogue(healing.settings.config).source(name))} == proposals
    with pytest.raises(ConfigError, match="changed during"):
        apply_repairs(healing.settings, healing.healed)


def test_a_source_that_is_not_followed_is_said_so(healing: Healing) -> None:
    with pytest.raises(ConfigError, match="is not a followed source"):
        heal_sources(healing.settings, load_catalogue(healing.settings.config), clock=FrozenClock(), sources=["typo"])


def test_a_feed_that_fell_silent_while_its_site_went_on_is_healed(room: Newsroom, settings: Settings, tmp_path: Path) -> None:
    links = [f"{ONE}/2026/11/report-number-{number}" for number in range(40)]
    room.add_page(f"{ONE}/feed", feed(*links[:4]), content_type="application/rss+xml")
    folder = tmp_path / "mine"
    shutil.copytree(Path(__file__).resolve().parents[2] / "data", folder)
    (folder / "sources.yaml").write_text(f"sources:\n  - {{id: one, name: One, feeds: ['{ONE}/feed'], topic: AI, pace_s: 0}}\n")
    mine, clock = settings.model_copy(update={"config": str(folder)}), FrozenClock()
    for count in (4, 8, 12, 16):
        room.add_page(f"{ONE}/feed", feed(*links[:count]), content_type="application/rss+xml")
        _capture(mine, clock, hours=1)
    clock.moment += timedelta(days=3)
    _capture(mine, clock, hours=1)
    room.add_page(f"{ONE}/", '<link rel="alternate" type="application/rss+xml" href="/rss/news">')
    room.add_page(f"{ONE}/rss/news", feed(*links[10:40]), content_type="application/rss+xml")
    (repair,) = heal_sources(mine, load_catalogue(folder), clock=clock).repairs
    assert repair.problem.startswith("silent")
    assert repair.new == f"{ONE}/rss/news"


def test_the_command_shows_evidence_and_diff_and_writes_only_when_told(
    room: Newsroom, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(repair_search, "PACE_S", 0.0)
    site = stand_up(room, "moved-301", BREAKS["moved-301"])
    folder = tmp_path / "mine"
    shutil.copytree(Path(__file__).resolve().parents[2] / "data", folder)
    text = f"sources:\n  # by hand\n  - {{id: one, name: One, feeds: ['{site.origin}/feed'], topic: AI, pace_s: 0}}\n"
    (folder / "sources.yaml").write_text(text)
    mine = settings.model_copy(update={"config": str(folder)})
    for name, value in {**room.environment, "NEWS_CONFIG": str(folder), "NEWS_LAKE": mine.lake}.items():
        monkeypatch.setenv(name, value)
    clock = FrozenClock(datetime.now(UTC) - timedelta(hours=2))
    _capture(mine, clock, hours=1)
    assert main.main(["sources", "heal"]) == 0
    assert "The lake shows no feed that moved" in capsys.readouterr().out
    BREAKS["moved-301"].happen(room, site, site)
    _capture(mine, clock, hours=1)
    assert main.main(["sources", "heal", "one"]) == 0
    shown = capsys.readouterr().out
    assert f"{site.origin}/rss/" in shown
    assert "redirects there permanently" in shown
    assert (folder / "sources.yaml").read_text() == text
    assert main.main(["sources", "heal", "--apply"]) == 0
    assert (folder / "sources.yaml").read_text() == text.replace(f"'{site.origin}/feed'", f'"{site.origin}/rss/"')

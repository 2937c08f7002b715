"""The pages in a browser: Chromium, driven by Playwright, against a whole Airflow over the sample world. `make test-browser` runs it.

`SCREENSHOTS=docs/images make test-browser` also takes the pictures of the documentation.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from deploy import postgres
from deploy.local_airflow import LocalAirflow
from pipeline.core.models import Interval, Part
from pipeline.lake import storage
from pipeline.lake.storage import Lake
from pipeline.operations.completeness import SourceDay
from pipeline.operations.completeness_tables import write_tables
from tests.integration.conftest import SampleWalk
from tests.integration.hostile_lake import MARKUP, MOMENT, TEXTS, write_hostile_lake
from tests.newsroom import Newsroom, World

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.live, pytest.mark.browser]

USERS = {"admin": "ADMIN", "vera": "VIEWER", "nobody": ""}
HOSTILE_DAY = date(2026, 11, 21)
GAP = date(2026, 11, 18)
DAYS = [date(2026, 11, number) for number in range(6, 21)]
PAGES = ("today", "sources", "stories", "coverage", "why")
SCREENSHOTS = os.environ.get("SCREENSHOTS")
SHOWN = {("light", "coverage"), ("light", "sources"), ("light", "hour"), ("light", "changes"), ("dark", "record")}
"""The pages of which the documentation has a picture, with their colours."""
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
LONGEST_MS = 60_000


@dataclass(frozen=True)
class Site:
    """Airflow with the pages, and a browser that has each user logged in."""

    airflow: LocalAirflow
    browser: Browser
    logins: dict[str, Any]
    sources: list[str]

    @contextmanager
    def page(self, user: str | None = "admin", **look: Any) -> Iterator[Page]:
        """A page of this user, which must end without an error in the console and without a dialogue."""
        context = self.browser.new_context(base_url=self.airflow.url, storage_state=self.logins.get(user or ""), **look)
        context.set_default_timeout(LONGEST_MS)
        page = context.new_page()
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("dialog", lambda dialog: (errors.append(f"dialogue: {dialog.message}"), dialog.dismiss()))
        yield page
        context.close()
        assert errors == []


@pytest.fixture(scope="module")
def site(sample: SampleWalk) -> Iterator[Site]:
    for module in ("airflow", "playwright", "axe_playwright_python"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed: make env")
    if (chromium := shutil.which("chromium")) is None:
        pytest.skip("chromium is not installed")
    if reason := postgres.why_unavailable():
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory(prefix="news-browser-", ignore_cleanup_errors=True) as folder, Newsroom(World.load()) as room:
        home = Path(folder)
        home.chmod(0o711)  # PostgreSQL's user passes through
        sources = [source.id for source in sample.catalogue.enabled_sources]
        fill(home / "lake", sample, sources)
        environment = {
            **room.environment,
            "NEWS_LAKE": str(home / "lake"),
            "NEWS_APPROVE_DATES": "0",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in USERS.items()),
        }
        with (
            LocalAirflow(home / "airflow", database=home / "postgres", environment=environment, triggering=True) as airflow,
            sync_playwright() as playwright,
        ):
            airflow.wait_for_dags("news_ingest")
            airflow.unpause("news_backfill")
            browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
            passwords = json.loads((home / "airflow" / "passwords.json").read_text())
            yield Site(airflow, browser, {name: log_in(browser, airflow.url, name, passwords[name]) for name in USERS}, sources)
            browser.close()


def fill(root: Path, sample: SampleWalk, sources: list[str]) -> None:
    """The sample world's lake with two weeks of completeness, in which the first source has a gap, and a date of attacks."""
    shutil.copytree(sample.settings.lake, root)
    write_tables(Lake(str(root)), [counted_day(day, one, place) for day in DAYS for place, one in enumerate(sources)])
    fill_hours_before(root)
    attacks = Path(write_hostile_lake(root.parent / "attacks").root)
    for path in (storage.articles_path, storage.explain_path):
        target = root / path(HOSTILE_DAY)
        target.parent.mkdir(parents=True)
        shutil.copy(attacks / path(MOMENT.date()), target)


def fill_hours_before(root: Path) -> None:
    """Ledgers of the 23 hours before the sample's, each with some rows of it."""
    (path,) = root.glob("ledger/interval=2026-11-20T12/*.parquet")
    lake, newest = Lake(str(root)), Interval.parse("2026-11-20T12")
    ledger = lake.read_table(str(path.relative_to(root)))
    for back in range(1, 24):
        part = Part(Interval.containing(newest.start - timedelta(hours=back)), "00")
        lake.write_table(storage.ledger_path(part), ledger.slice(back * 7 % 60, 25 + back * 37 % 90))


def counted_day(day: date, source: str, place: int) -> SourceDay:
    """A plausible day: weekends bring half, the first source is silent on the day of the gap, every fourth loses some."""
    usual = 6 + 3 * place % 17
    found = 0 if (day, place) == (GAP, 0) else (usual if day.weekday() < 5 else usual // 2) + (day.day * (place + 3)) % 3
    lost = found // 4 if place % 4 == 3 else 0
    dropped = {"rejected.paywall": lost} if lost else {}
    return SourceDay(day, source, float(usual), "days", 24, 0, found, found, found - lost, found - lost, dropped)


def log_in(browser: Browser, url: str, user: str, password: str) -> Any:
    """Fill in Airflow's own form; returns the cookies."""
    context = browser.new_context(base_url=url)
    context.set_default_timeout(LONGEST_MS)
    page = context.new_page()
    page.goto("/")
    page.wait_for_url("**/auth/login**")
    page.fill("input[name=username]", user)
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda address: "/auth/login" not in address)
    state = context.storage_state()
    context.close()
    return state


def wait_until(holds: Callable[[], bool], *, timeout_s: float = 240.0) -> None:
    """Ask every second until it holds. Raises AssertionError after the timeout, far above what a run on an idle machine takes."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with suppress(TimeoutError):  # a busy machine answers late
            if holds():
                return
        time.sleep(1)
    raise AssertionError(f"not within {timeout_s:.0f} s")


def states(site: Site, run_address: str) -> list[str]:
    """The states of the tasks of a run; none before the scheduler has seen the run."""
    return [task["state"] for task in site.airflow.api("GET", f"{run_address}/taskInstances")["task_instances"]]


def picture(page: Page, name: str) -> None:
    """Take a picture for the documentation, where one is asked for."""
    if SCREENSHOTS:
        page.screenshot(path=f"{SCREENSHOTS}/{name}.jpeg", type="jpeg", quality=70)


def test_the_menu_of_airflow_leads_to_the_pages_and_the_frame_keeps_the_address(site: Site) -> None:
    with site.page(viewport={"width": 1280, "height": 1000}) as page:
        page.goto("/")
        page.get_by_role("link", name="News").first.click()
        frame = page.frame_locator("iframe[title=News]")
        frame.get_by_role("heading", name="Today", level=1).wait_for()
        frame.locator("ol.stories img").first.wait_for()
        picture(page, "pages-today")
        frame.get_by_role("link", name="Sources", exact=True).click()
        frame.get_by_role("heading", name="Sources", level=1).wait_for()
        page.wait_for_url("**/plugin/news/news/sources")


def test_no_part_of_airflow_is_shown_as_ill(site: Site) -> None:
    health = site.airflow.api("GET", "/monitor/health")
    assert {part: one["status"] for part, one in health.items()} == dict.fromkeys(health, "healthy")


def addresses(page: Page, site: Site) -> dict[str, str]:
    """Every kind of page by its name."""
    stories = f"/news/stories?day={MOMENT.date()}"
    page.goto(stories)
    record = page.locator("ol.stories h3 a").first.get_attribute("href")
    story = page.locator("ol.stories a[href*='/stories/']").first.get_attribute("href")
    assert record is not None
    assert story is not None
    form = f"/news/coverage/backfill?source={site.sources[0]}&day={GAP}&plan=on"
    others = {"stories": stories, "record": record, "story": story, "form": form, "source": f"/news/sources/{site.sources[0]}"}
    others |= {"hour": "/news/hours?hour=2026-11-20T12", "changes": f"/news/changes?day={MOMENT.date()}"}
    return {name: f"/news/{name}" for name in PAGES} | others


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(site: Site, scheme: Literal["light", "dark"]) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with site.page(color_scheme=scheme, viewport={"width": 1280, "height": 800}) as page:
        for name, address in addresses(page, site).items():
            page.goto(address)
            found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
            assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == [], name
            if (scheme, name) in SHOWN:
                picture(page, f"pages-{name}")


def test_no_page_is_wider_than_a_narrow_screen(site: Site) -> None:
    with site.page(color_scheme="dark", viewport={"width": 390, "height": 800}) as page:
        for name, address in {**addresses(page, site), "attacks": f"/news/stories?day={HOSTILE_DAY}"}.items():
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
            if name == "stories":
                picture(page, "pages-stories-narrow")


def test_the_keyboard_reaches_the_content_first_and_shows_where_it_is(site: Site) -> None:
    with site.page() as page:
        page.goto("/news/sources")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.name") == "words"
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_sources_are_sorted_and_filtered(site: Site) -> None:
    with site.page() as page:
        page.goto("/news/sources")
        page.get_by_role("link", name="source", exact=True).click()
        page.wait_for_url("**sort=name**")
        ids = page.locator("tbody th span").all_text_contents()
        assert ids == sorted(ids)
        page.fill("input[name=words]", ids[1])
        page.get_by_role("button", name="Apply").click()
        page.wait_for_url(f"**words={ids[1]}**")
        assert page.locator("tbody th span").all_text_contents() == [ids[1]]


def test_a_story_leads_to_its_record_with_every_part_of_its_quality(site: Site) -> None:
    with site.page() as page:
        page.goto(f"/news/stories?day={MOMENT.date()}")
        page.locator("ol.stories a[href*='/stories/']").first.click()
        page.get_by_role("heading", name="By time").wait_for()
        page.locator("tbody tr", has_text="lead").get_by_role("link").click()
        page.get_by_role("heading", name=re.compile("Quality \\d+, heat \\d+")).wait_for()
        assert page.locator("section:has(#fields) tbody tr").count() > 8


def test_a_gap_leads_to_a_backfill_that_runs_after_a_person_approved_its_plan(site: Site) -> None:
    with site.page(viewport={"width": 1280, "height": 900}) as page:
        page.goto("/plugin/news")
        frame = page.frame_locator("iframe[title=News]")
        frame.get_by_role("link", name="Coverage", exact=True).click()
        frame.locator("td.gap a").click()
        assert frame.locator("input[name=day]").input_value() == GAP.isoformat()
        frame.locator("input[name=origins]").fill("captures")
        frame.get_by_role("button", name="Show the plan").click()
        frame.get_by_text("hours to capture").wait_for()
        frame.get_by_text("1 date, more than NEWS_APPROVE_DATES (0)").wait_for()
        frame.get_by_role("button", name="Ask for approval").click()
        frame.get_by_text("The backfill is with Airflow").wait_for()
        (run,) = site.airflow.api("GET", "/dags/news_backfill/dagRuns")["dag_runs"]
        assert run["conf"] == {"first": str(GAP), "last": str(GAP), "sources": [site.sources[0]], "origins": ["captures"]}
        frame.get_by_role("link", name="its run of news_backfill").click()
        page.wait_for_url("**/dags/news_backfill/runs/coverage__**")
        run_address = f"/dags/news_backfill/dagRuns/{run['dag_run_id']}"
        wait_until(lambda: "awaiting_input" in states(site, run_address))
        page.goto(f"/dags/news_backfill/runs/{run['dag_run_id']}/tasks/approve/required_actions")
        page.get_by_text(f"Backfill of {GAP} to {GAP}").first.wait_for()
        page.get_by_text("more than NEWS_APPROVE_DATES").first.wait_for()
        picture(page, "pages-approval")
        page.get_by_role("button", name="Approve").click()
        wait_until(lambda: site.airflow.api("GET", run_address)["state"] in ("success", "failed"))
        page.goto(f"/news/airflow/run?dag=news_backfill&run={run['dag_run_id']}")
        page.wait_for_url("**/news/backfills/*")
        page.get_by_text(re.compile(r"\b(\d+) of \1 steps")).wait_for()
        picture(page, "pages-backfill")


def test_a_dag_and_a_run_have_a_tab_with_the_page_of_what_they_work_on(site: Site) -> None:
    with site.page() as page:
        page.goto("/dags/news_publish/plugin/news_dag")
        page.frame_locator("iframe").get_by_role("heading", name=re.compile("Stories of"), level=1).wait_for()


def test_without_login_and_without_permission_nothing_is_shown(site: Site) -> None:
    for user, status in ((None, 401), ("nobody", 403)):
        context = site.browser.new_context(base_url=site.airflow.url, storage_state=site.logins.get(user or ""))
        for name in PAGES:
            answer = context.new_page().goto(f"/news/{name}")
            assert answer is not None
            assert answer.status == status
        context.close()
    with site.page("vera") as page:
        page.goto(f"/news/coverage/backfill?source={site.sources[0]}&day={GAP}&plan=on")
        page.get_by_text("You may read DAGs and not run them").wait_for()
        assert page.get_by_role("button", name="Ask for approval").count() == 0


def test_attacks_in_texts_are_shown_as_texts(site: Site) -> None:
    with site.page() as page:
        page.goto(f"/news/stories?day={HOSTILE_DAY}")
        titles = page.locator("ol.stories h3").all_inner_texts()
        assert " ".join(MARKUP.split()) in {" ".join(title.split()) for title in titles}
        assert len(titles) == len(TEXTS)
        for address in (f"/news/record?url=https://evil.example/{number}&day={HOSTILE_DAY}" for number in range(len(TEXTS))):
            page.goto(address)
            assert page.locator("a[href^='javascript:'], a[href^='data:'], [onerror], main script, main style").count() == 0
        page.goto(f"/news/stories/0123456789abcdef?day={HOSTILE_DAY}")
        assert page.locator("tbody tr").count() == len(TEXTS)


def test_a_link_to_a_publisher_opens_beside_airflow(site: Site) -> None:
    with site.page() as page:
        page.context.route(lambda address: not address.startswith(site.airflow.url), lambda route: route.fulfill(body="the article"))
        page.goto("/plugin/news")
        frame = page.frame_locator("iframe[title=News]")
        frame.locator("ol.stories h3 a").first.click()
        link = frame.locator("a[data-leave]").first
        target = link.get_attribute("href")
        with page.context.expect_page() as opened:
            link.click()
        opened.value.wait_for_url(lambda address: address == target)
        assert opened.value.evaluate("window.opener === null && document.referrer === ''")

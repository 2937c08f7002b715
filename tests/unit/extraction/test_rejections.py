"""What is no article, and what only looks like none."""

from __future__ import annotations

import json

import pytest

from pipeline.extraction.pages import Page, read_page
from pipeline.extraction.rejections import MAX_BRIEF, MAX_FORM, MAX_STUB, REASONS, rejection_reason

LONG = "The council voted on Tuesday to repair the bridge before the winter, at a cost of four million crowns. " * 30
SHORT = "The council voted on Tuesday to repair the bridge before the winter, at a cost of four million crowns."
TEASERS = "".join(
    f"<div><h3><a href='/2026/11/2{n}/story'>The council votes on bridge number {n}</a></h3><p>{SHORT}</p></div>" for n in range(10)
)


def page(body: str, head: str = "", *, url: str = "https://www.kestrel.example/politics/council-votes-on-the-bridge") -> Page:
    return read_page(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode(), url=url, content_type="text/html")


TYPED = "<meta property='og:type' content='article'>"
COLLECTION = '<script type=\'application/ld+json\'>{"@type": "CollectionPage"}</script>'


def article(**fields: object) -> str:
    return f"<script type='application/ld+json'>{json.dumps({'@type': 'NewsArticle', 'headline': 'x', **fields})}</script>"


NOT_ARTICLES = {
    "a stub that JSON-LD says is not free": ("paywall", page(f"<p>{SHORT}</p>", article(isAccessibleForFree=False)), "The bridge", SHORT),
    "a stub that says it in a string": ("paywall", page(f"<p>{SHORT}</p>", article(isAccessibleForFree="False")), "The bridge", SHORT),
    "a stub with a box below": ("paywall", page(f"<p>{SHORT}</p><div>Subscribe to continue reading</div>"), "The bridge", SHORT),
    "a stub in German": ("paywall", page(f"<p>{SHORT}</p><p>Dieser Text ist nur für Abonnenten.</p>"), "Die Brücke", SHORT),
    "a stub in French": ("paywall", page(f"<p>{SHORT}</p><p>Cet article est réservé aux abonnés.</p>"), "Le pont", SHORT),
    "a gate that names itself": ("paywall", page(f"<p>{LONG}</p>"), "Become an FT subscriber to read: the bridge", LONG),
    "a consent page": ("consent", page(f"<h1>Before you continue</h1><p>{SHORT}</p>"), "Before you continue", SHORT),
    "a consent page by its title tag": ("consent", page(f"<p>{SHORT}</p>", "<title>Cookie settings</title>"), "Kestrel Post", SHORT),
    "a login form": ("login", page("<h1>Log in</h1><form><input type=password></form>"), "Log in", ""),
    "a login form in German": ("login", page("<h1>Anmelden</h1><form><input type=password></form>"), "Anmelden", ""),
    "a newsletter form": ("signUp", page(f"<h1>Newsletters</h1><p>{SHORT}</p><input type=email>"), "Newsletters", SHORT),
    "an account form": ("signUp", page("<h1>Create your account</h1><input type=email>"), "Create your account", ""),
    "a page that says it is not there": ("notFound", page(f"<h1>Page not found</h1><p>{SHORT}</p>"), "Page not found", SHORT),
    "an error by number": ("notFound", page("<p>Sorry.</p>", "<title>404 - Kestrel Post</title>"), "404", "Sorry."),
    "an error in German": ("notFound", page("<h1>Seite nicht gefunden</h1>"), "Seite nicht gefunden", ""),
    "an article that is gone": ("notFound", page("<h1>This</h1>"), "The page you requested could not be found", ""),
    "an error under a type that every page has": ("notFound", page(f"<p>{SHORT}</p>", TYPED), "Page not found", SHORT),
    "an error that is sorry": (
        "notFound",
        page(f"<h1>Oops! That page can’t be found.</h1><p>{SHORT}</p>"),
        "Oops! That page can’t be found.",
        SHORT,
    ),
    "a wall against robots": ("blocked", page(f"<p>{SHORT}</p>"), "Just a moment...", SHORT),
    "a refusal": ("blocked", page(f"<p>{SHORT}</p>"), "Access Denied", SHORT),
    "a brand's consent page": ("consent", page(f"<p>{SHORT}</p>"), "Yahoo is part of the Yahoo family of brands", SHORT),
    "a choice of subscriptions": ("signUp", page(f"<p>{SHORT}</p>", url="https://kestrel.example/subscribe"), "Subscribe", SHORT),
    "a stub whose JSON-LD says so by address": (
        "paywall",
        page(f"<p>{SHORT}</p>", article(isAccessibleForFree="https://schema.org/False")),
        "The bridge",
        SHORT,
    ),
    "a tag's list that says so in its type": (
        "tagList",
        page(TEASERS, TYPED + COLLECTION, url="https://kestrel.example/tag/bridges/"),
        "Bridges Archives",
        LONG,
    ),
    "a deep section's front": (
        "sectionFront",
        page(TEASERS, COLLECTION, url="https://kestrel.example/n/eu/bridges"),
        "All about bridges",
        LONG,
    ),
    "a job under a type that every page has": (
        "jobAd",
        page(f"<p>{LONG}</p>", TYPED + '<script type=\'application/ld+json\'>{"@type": "JobPosting"}</script>'),
        "Editor",
        LONG,
    ),
    "a job by its type": (
        "jobAd",
        page(f"<p>{LONG}</p>", '<script type=\'application/ld+json\'>{"@type": "JobPosting", "title": "Editor"}</script>'),
        "Editor",
        LONG,
    ),
    "a job by title and path": ("jobAd", page(f"<p>{LONG}</p>", url="https://kestrel.example/jobs/4711"), "Redakteur (m/w/d)", LONG),
    "a tag's list": ("tagList", page(TEASERS, url="https://kestrel.example/tag/bridges"), "Bridges", LONG),
    "an author's list": ("tagList", page(TEASERS, url="https://kestrel.example/author/jane-doe/page/2"), "Jane Doe", LONG),
    "a section's front": ("sectionFront", page(TEASERS, url="https://kestrel.example/politics/"), "Politics", LONG),
    "a home page": (
        "sectionFront",
        page(TEASERS, "<title>Kestrel Post</title>", url="https://kestrel.example/"),
        "The council votes on bridge number 0",
        LONG,
    ),
}


@pytest.mark.parametrize("name", NOT_ARTICLES)
def test_a_page_that_is_no_article_is_called_what_it_is(name: str) -> None:
    reason, given, title, text = NOT_ARTICLES[name]
    assert rejection_reason(given, title=title, text=text) == reason
    assert reason in REASONS


ARTICLES = {
    "the whole text behind a declared wall": (page(f"<p>{LONG}</p>", article(isAccessibleForFree=False)), "The bridge", LONG),
    "a short report whose JSON-LD frees it by address": (
        page(f"<p>{SHORT}</p><p>Subscribe to continue reading</p>", article(isAccessibleForFree="http://schema.org/True")),
        "The bridge",
        SHORT,
    ),
    "a find": (page(f"<p>{SHORT}</p>"), "Page found in attic is from a lost play", SHORT),
    "a report about consent": (page(f"<p>{SHORT}</p>"), "Consent laws are to change in Halden", SHORT),
    "a report about privacy": (page(f"<p>{SHORT}</p>"), "Your privacy matters, says the court", SHORT),
    "a typed report about errors": (page(f"<p>{SHORT}</p>", TYPED), "Page not found: why links rot", SHORT),
    "a typed report above a hidden form": (page(f"<h1>Login</h1><input type=password><h1>Fire</h1><p>{SHORT}</p>", TYPED), "Fire", SHORT),
    "a report above a hidden form": (page(f"<h1>Login</h1><input type=password><h1>Fire</h1><p>{SHORT}</p>"), "Fire in the harbour", SHORT),
    "a typed article with many teasers": (page(f"<p>{LONG}</p>{TEASERS}", TYPED), "Bridge", LONG),
    "a short free report": (page(f"<p>{SHORT}</p>", article(isAccessibleForFree=True)), "The bridge", SHORT),
    "a short report under a subscriber's menu": (page(f"<nav>Already a subscriber? Log in</nav><p>{SHORT}</p>"), "The bridge", SHORT),
    "a report about cookies": (page(f"<p>{LONG}</p>"), "Cookie settings: what the new law says", LONG),
    "a report about a log-in": (page(f"<h1>Log in</h1><p>{LONG}</p><input type=password>"), "Log in", LONG),
    "a short report about 404": (page(f"<p>{SHORT}</p>", article(datePublished="2026-11-20")), "404 days without a mayor", SHORT),
    "a report about jobs": (page(f"<p>{LONG}</p>", url="https://kestrel.example/jobs/more-work"), "More work in Halden", LONG),
    "an article with many teasers": (page(f"<h1>x</h1><p>{LONG}</p>{TEASERS}"), "The council votes on the bridge after all", LONG),
    "an article with a short path": (page(TEASERS, url="https://kestrel.example/p/?id=4711"), "Bridge", LONG),
    "an article under a tag's path": (page(f"<p>{LONG}</p>", url="https://kestrel.example/topics/bridges"), "Bridges", LONG),
}


@pytest.mark.parametrize("name", ARTICLES)
def test_an_article_is_not_taken_for_something_else(name: str) -> None:
    given, title, text = ARTICLES[name]
    assert rejection_reason(given, title=title, text=text) is None


def test_the_limits_of_length_are_ordered() -> None:
    assert len(SHORT) < MAX_FORM < MAX_STUB < MAX_BRIEF < len(LONG)


def test_a_page_without_a_tree_is_not_rejected() -> None:
    assert rejection_reason(Page(url="https://kestrel.example/", is_html=False, encoding="utf-8", base=""), title="x", text="") is None


FIELDS = "<form><input type=email><input type=password></form>"


@pytest.mark.parametrize(
    "title",
    [
        "404 days in captivity: a hostage tells her story",
        "Login fees anger bank customers",
        "Newsletters are the new newspapers",
        "Subscriptions rise at regional papers",
        "Database errors cost the city millions",
    ],
)
def test_a_brief_whose_title_begins_as_a_gate_does_is_an_article(title: str) -> None:
    text = SHORT * (1 + MAX_FORM // len(SHORT))
    assert rejection_reason(page(f"<h1>{title}</h1><p>{text}</p>{FIELDS}"), title=title, text=text) is None


@pytest.mark.parametrize(
    "title",
    [
        "Connection timed out",
        "502 Bad Gateway",
        "Error establishing a database connection",
        "Internal Server Error",
        "Error 504: Gateway Time-out",
    ],
)
def test_the_faults_of_a_server_are_no_articles(title: str) -> None:
    assert rejection_reason(page(f"<h1>{title}</h1><p>{SHORT}</p>"), title=title, text=SHORT) == "blocked"


BRIEF = [f"The council of the valley paid {number} crowns for the repair of a bridge on Tuesday." for number in range(2, 7)]
OFFERS = [
    "<div class=box><h3>Local news is free here</h3><p>Become a member today and help us keep it that way.</p></div>",
    "<p>Already a subscriber? Read the paper of tomorrow tonight.</p>",
    "<p>Subscribe now to read this paper on Saturdays.</p>",
]


def brief(lines: list[str], beside: str) -> str | None:
    body = "".join(f"<p>{line}</p>" for line in lines)
    return rejection_reason(page(f"<h1>Bridges of the valley</h1>{body}{beside}"), title="Bridges of the valley", text="\n".join(lines))


@pytest.mark.parametrize("beside", ["", *OFFERS])
@pytest.mark.parametrize(
    "said",
    [
        "Prices rise for subscribers of long standing, while new ones pay the higher price at once and in full from today on.",
        "The pay rise for members of the council was put off.",
        "The league's games run only to subscribers of the channel, which said that nothing would change before the summer.",
    ],
)
def test_a_short_article_that_came_whole_is_no_stub_for_a_phrase(beside: str, said: str) -> None:
    assert brief([*BRIEF, said], beside) is None


def test_a_plea_for_members_below_two_paragraphs_is_no_paywall() -> None:
    assert brief(BRIEF[:2], OFFERS[0]) is None


@pytest.mark.parametrize("offer", ["Already a member?", "This article is for subscribers only.", "Subscribe to continue reading."])
@pytest.mark.parametrize(
    "lines", [BRIEF[:1], BRIEF[:2], [*BRIEF, "The mayor of the valley said that the…"], [*BRIEF, "On Monday the mayor"]]
)
def test_a_text_that_was_cut_off_beside_an_offer_is_a_stub(offer: str, lines: list[str]) -> None:
    assert brief(lines, f"<p>{offer}</p>") == "paywall"


def test_what_follows_a_paywall_in_the_text_is_not_the_article() -> None:
    teasers = [
        "A premium of 28 percent for 53 old ships looks steep until one counts the berths.",
        "Traders now see two more steps by June.",
    ]
    assert brief([*BRIEF[:2], "Subscribe to continue", *teasers, *teasers], "<h3>Subscribe to continue</h3>") == "paywall"

"""Sites that break: each is a publisher with a feed that moves, takes another name, blocks or dies, and the address that is right then.

`BREAKS` holds them by name. A site lives at `https://NAME.example`; a renamed one goes on at `https://new-NAME.example`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.newsroom.misbehaviours import RedirectTo, Reset, Status
from tests.newsroom.server import Newsroom

NUMBERS = range(1, 9)
"""The articles that a site lists while it works; those from 5 on and two new ones stand in its next feed."""
LATER = range(5, 11)
RSS = "application/rss+xml"


@dataclass(frozen=True, slots=True)
class Site:
    """A publisher's site: its origin, and the name that its articles bear."""

    name: str
    origin: str

    def article(self, number: int) -> str:
        return f"{self.origin}/2026/11/report-{number}-of-{self.name}"

    def title(self, number: int) -> str:
        return f"The council of {self.name} decides about item {number}"

    def rss(self, numbers: range = NUMBERS, *, at: Site | None = None) -> str:
        place = at or self
        items = "".join(
            f"<item><title>{self.title(number)}</title><link>{place.article(number)}</link>"
            "<pubDate>Fri, 20 Nov 2026 12:10:00 GMT</pubDate></item>"
            for number in numbers
        )
        return f"<rss version='2.0'><channel><title>{self.name}</title>{items}</channel></rss>"

    def atom(self, numbers: range = LATER) -> str:
        entries = "".join(
            f"<entry><title>{self.title(n)}</title><link href='{self.article(n)}'/><id>{self.article(n)}</id>"
            "<updated>2026-11-20T12:10:00Z</updated></entry>"
            for n in numbers
        )
        return f"<feed xmlns='http://www.w3.org/2005/Atom'><title>{self.name}</title>{entries}</feed>"

    def json(self, numbers: range = LATER) -> str:
        items = [{"id": self.article(n), "url": self.article(n), "title": self.title(n)} for n in numbers]
        return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": self.name, "items": items})

    def sitemap(self, numbers: range = NUMBERS) -> str:
        urls = "".join(f"<url><loc>{self.article(n)}</loc><lastmod>2026-11-20T12:10:00Z</lastmod></url>" for n in numbers)
        return f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{urls}</urlset>"


def page(*declared: str, body: str = "<p>Welcome to our news.</p>", kind: str = RSS) -> str:
    """A front page that declares feeds."""
    head = "".join(f'<link rel="alternate" type="{kind}" href="{link}">' for link in declared)
    return f"<html><head><title>Front</title>{head}</head><body>{body}</body></html>"


@dataclass(frozen=True, slots=True)
class Break:
    """A way in which a site breaks.

    `happen` breaks the site and returns the right new address, None where no address may be proposed; `stand_up` prepares the site before.
    """

    happen: Callable[[Newsroom, Site, Site], str | None]
    feed: str = "/feed"
    sitemap: str | None = None
    stand_up: Callable[[Newsroom, Site], None] | None = None


BREAKS: dict[str, Break] = {}


@dataclass(frozen=True, slots=True)
class _Added:
    options: dict[str, object] = field(default_factory=dict)

    def __call__(self, happen: Callable[[Newsroom, Site, Site], str | None]) -> None:
        name = happen.__name__.strip("_").replace("_", "-")
        BREAKS[name] = Break(happen, **self.options)  # type: ignore[arg-type]


def a_site(**options: object) -> _Added:
    return _Added(options)


def gone(room: Newsroom, url: str, status: int = 404) -> None:
    room.misbehave(url, Status(status))


def stand_up(room: Newsroom, name: str, broken: Break) -> Site:
    """The site as it works: its articles, its front page, its feed or sitemap."""
    site = Site(name, f"https://{name}.example")
    for number in {*NUMBERS, *LATER}:
        title = site.title(number)
        text = " ".join(f"Sentence {n} of the report about item {number} of {name} is here." for n in range(12))
        head = f"<title>{title}</title><meta property='article:published_time' content='2026-11-20T12:10:00Z'>"
        room.add_page(
            site.article(number), f"<html><head>{head}</head><body><article><h1>{title}</h1><p>{text}</p></article></body></html>"
        )
    if broken.sitemap is not None:
        room.add_page(site.origin + broken.sitemap, site.sitemap(), content_type="application/xml")
    else:
        room.add_page(site.origin + broken.feed, site.rss(), content_type=RSS)
    room.add_page(f"{site.origin}/", page(broken.feed))
    if broken.stand_up is not None:
        broken.stand_up(room, site)
    return site


# The feed stands elsewhere on its site.


def _declared_at(path: str, feed: str, *, status: int = 404) -> Callable[[Newsroom, Site, Site], str | None]:
    def happen(room: Newsroom, site: Site, _new: Site) -> str | None:
        gone(room, site.origin + feed, status)
        room.add_page(site.origin + path, site.rss(LATER), content_type=RSS)
        room.add_page(f"{site.origin}/", page(path))
        return site.origin + path

    return happen


for _name, _old, _path, _status in (
    ("declared-anew", "/feed", "/news.xml", 404),
    ("declared-after-410", "/rss.xml", "/feeds/all.rss", 410),
    ("declared-after-500", "/index.xml", "/rss/latest", 500),
    ("declared-in-a-folder", "/atom.xml", "/en/rss/index.xml", 404),
    ("section-declared-anew", "/technology/rss", "/rss/technology", 404),
    ("query-becomes-path", "/?feed=rss2", "/feed/", 404),
    ("declared-behind-a-block", "/feed", "/public/feed", 403),
):
    BREAKS[_name] = Break(_declared_at(_path, _old, status=_status), feed=_old)


@a_site()
def _becomes_atom(room: Newsroom, site: Site, _new: Site) -> str:
    gone(room, f"{site.origin}/feed")
    room.add_page(f"{site.origin}/atom", site.atom(), content_type="application/atom+xml")
    room.add_page(f"{site.origin}/", page("/atom", kind="application/atom+xml"))
    return f"{site.origin}/atom"


@a_site()
def _becomes_json(room: Newsroom, site: Site, _new: Site) -> str:
    gone(room, f"{site.origin}/feed")
    room.add_page(f"{site.origin}/feed.json", site.json(), content_type="application/feed+json")
    room.add_page(f"{site.origin}/", page("/feed.json", kind="application/feed+json"))
    return f"{site.origin}/feed.json"


@a_site()
def _becomes_a_page(room: Newsroom, site: Site, _new: Site) -> str:
    room.add_page(f"{site.origin}/feed", page("/news/feed.xml", body="<p>Our feed has a new address.</p>"))
    room.add_page(f"{site.origin}/news/feed.xml", site.rss(LATER), content_type=RSS)
    room.add_page(f"{site.origin}/", page("/news/feed.xml"))
    return f"{site.origin}/news/feed.xml"


def _undeclared_at(path: str) -> Callable[[Newsroom, Site, Site], str | None]:
    def happen(room: Newsroom, site: Site, _new: Site) -> str | None:
        gone(room, f"{site.origin}/old-feed")
        room.add_page(site.origin + path, site.rss(LATER), content_type=RSS)
        room.add_page(f"{site.origin}/", page())
        return site.origin + path

    return happen


for _path in ("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml"):
    BREAKS[f"usual-place{_path.replace('/', '-').replace('.', '-')}"] = Break(_undeclared_at(_path), feed="/old-feed")


@a_site()
def _linked_in_the_text(room: Newsroom, site: Site, _new: Site) -> str:
    gone(room, f"{site.origin}/feed")
    room.add_page(f"{site.origin}/syndication/main", site.rss(LATER), content_type=RSS)
    room.add_page(f"{site.origin}/", page(body='<footer><a href="/about">About</a> <a href="/syndication/main">RSS</a></footer>'))
    return f"{site.origin}/syndication/main"


@a_site()
def _linked_by_its_address(room: Newsroom, site: Site, _new: Site) -> str:
    gone(room, f"{site.origin}/feed")
    room.add_page(f"{site.origin}/export/rss/all", site.rss(LATER), content_type=RSS)
    room.add_page(f"{site.origin}/", page(body='<a href="/export/rss/all"><img src="/i.png" alt=""></a>'))
    return f"{site.origin}/export/rss/all"


@a_site()
def _declared_by_articles_only(room: Newsroom, site: Site, _new: Site) -> str:
    gone(room, f"{site.origin}/feed")
    gone(room, f"{site.origin}/", 500)
    room.add_page(f"{site.origin}/x/feed.rss", site.rss(LATER), content_type=RSS)
    for number in NUMBERS:
        room.add_page(site.article(number), page("/x/feed.rss", body=f"<h1>{site.title(number)}</h1>"))
    return f"{site.origin}/x/feed.rss"


@a_site()
def _comments_are_declared_first(room: Newsroom, site: Site, _new: Site) -> str:
    gone(room, f"{site.origin}/feed")
    room.add_page(f"{site.origin}/comments/feed", site.rss(LATER), content_type=RSS)
    room.add_page(f"{site.origin}/news/feed", site.rss(LATER), content_type=RSS)
    room.add_page(f"{site.origin}/", page("/comments/feed", "/news/feed"))
    return f"{site.origin}/news/feed"


@a_site()
def _sections_are_declared_beside_all(room: Newsroom, site: Site, _new: Site) -> str:
    gone(room, f"{site.origin}/feed")
    room.add_page(f"{site.origin}/rss/sport", site.rss(range(5, 7)), content_type=RSS)
    room.add_page(f"{site.origin}/rss/all", site.rss(LATER), content_type=RSS)
    room.add_page(f"{site.origin}/", page("/rss/sport", "/rss/all"))
    return f"{site.origin}/rss/all"


# Redirects.


def _redirected(status: int, path: str) -> Callable[[Newsroom, Site, Site], str | None]:
    def happen(room: Newsroom, site: Site, _new: Site) -> str | None:
        room.misbehave(f"{site.origin}/feed", RedirectTo(path, status))
        room.add_page(site.origin + path, site.rss(LATER), content_type=RSS)
        return site.origin + path

    return happen


BREAKS["moved-301"] = Break(_redirected(301, "/rss/"))
BREAKS["moved-308"] = Break(_redirected(308, "/news/rss.xml"))


@a_site()
def _moved_to_www(room: Newsroom, site: Site, _new: Site) -> str:
    www = site.origin.replace("https://", "https://www.")
    room.misbehave(f"{site.origin}/feed", RedirectTo(f"{www}/feed", 301))
    room.add_page(f"{www}/feed", site.rss(LATER, at=Site(site.name, www)), content_type=RSS)
    return f"{www}/feed"


@a_site()
def _moved_to_another_domain(room: Newsroom, site: Site, new: Site) -> str:
    room.misbehave(f"{site.origin}/*", RedirectTo(f"{new.origin}/feed", 301))
    room.add_page(f"{new.origin}/feed", site.rss(LATER, at=new), content_type=RSS)
    return f"{new.origin}/feed"


def _renamed(
    *, front: str, article: bool, path: str, declared: bool, back: bool, status: int = 301
) -> Callable[[Newsroom, Site, Site], str | None]:
    """The site goes on under a new domain: what of the old one redirects there, and how the new one names its feed."""

    def happen(room: Newsroom, site: Site, new: Site) -> str | None:
        gone(room, f"{site.origin}/feed")
        if front == "redirects":
            room.misbehave(f"{site.origin}/", RedirectTo(f"{new.origin}/", status))
        else:
            gone(room, f"{site.origin}/", 500)
        if article:
            for number in NUMBERS:
                room.misbehave(site.article(number), RedirectTo(new.article(number), status))
                room.add_page(new.article(number), page(body=f"<h1>{site.title(number)}</h1>"))
        room.add_page(new.origin + path, site.rss(LATER, at=new), content_type=RSS)
        link = f'<p>Formerly <a href="{site.origin}/">{site.name}</a></p>' if back else "<p>News</p>"
        room.add_page(f"{new.origin}/", page(*([path] if declared else []), body=link))
        return new.origin + path

    return happen


BREAKS["renamed"] = Break(_renamed(front="redirects", article=True, path="/feed", declared=True, back=False))
BREAKS["renamed-front-only"] = Break(_renamed(front="redirects", article=False, path="/rss/news.xml", declared=True, back=False))
BREAKS["renamed-articles-only"] = Break(_renamed(front="fails", article=True, path="/feed.xml", declared=True, back=False))
BREAKS["renamed-undeclared"] = Break(_renamed(front="redirects", article=True, path="/rss.xml", declared=False, back=False))
BREAKS["renamed-308"] = Break(_renamed(front="redirects", article=False, path="/feed", declared=True, back=False, status=308))
BREAKS["renamed-for-now-with-a-link-back"] = Break(
    _renamed(front="redirects", article=False, path="/feed", declared=True, back=True, status=302)
)


# Sitemaps.


@a_site(sitemap="/news-sitemap.xml")
def _sitemap_named_by_robots(room: Newsroom, site: Site, _new: Site) -> str:
    gone(room, f"{site.origin}/news-sitemap.xml")
    room.add_page(f"{site.origin}/robots.txt", f"Sitemap: {site.origin}/sitemaps/news.xml\n", content_type="text/plain")
    room.add_page(f"{site.origin}/sitemaps/news.xml", site.sitemap(LATER), content_type="application/xml")
    return f"{site.origin}/sitemaps/news.xml"


@a_site(sitemap="/news.xml")
def _sitemap_at_the_usual_place(room: Newsroom, site: Site, _new: Site) -> str:
    gone(room, f"{site.origin}/news.xml")
    room.add_page(f"{site.origin}/sitemap.xml", site.sitemap(LATER), content_type="application/xml")
    return f"{site.origin}/sitemap.xml"


@a_site(sitemap="/sitemap-news.xml")
def _sitemap_moved(room: Newsroom, site: Site, _new: Site) -> str:
    room.misbehave(f"{site.origin}/sitemap-news.xml", RedirectTo("/sitemaps/articles.xml", 301))
    room.add_page(f"{site.origin}/sitemaps/articles.xml", site.sitemap(LATER), content_type="application/xml")
    return f"{site.origin}/sitemaps/articles.xml"


# Nothing may be proposed.


@a_site()
def _down(room: Newsroom, site: Site, _new: Site) -> None:
    room.misbehave(f"{site.origin}/*", Reset())


@a_site()
def _blocks_everything(room: Newsroom, site: Site, _new: Site) -> None:
    room.misbehave(f"{site.origin}/*", Status(403))


@a_site()
def _has_no_feed_any_more(room: Newsroom, site: Site, _new: Site) -> None:
    gone(room, f"{site.origin}/feed")
    room.add_page(f"{site.origin}/", page())


@a_site()
def _parked(room: Newsroom, site: Site, _new: Site) -> None:
    room.misbehave(f"{site.origin}/*", RedirectTo("https://parking.example/sale", 302))
    room.add_page("https://parking.example/sale", page("/feed", body="<h1>This domain is for sale</h1>"))
    room.add_page("https://parking.example/feed", Site("parking", "https://parking.example").rss(), content_type=RSS)


@a_site()
def _sold_to_a_stranger(room: Newsroom, site: Site, new: Site) -> None:
    room.misbehave(f"{site.origin}/*", RedirectTo(f"{new.origin}/", 301))
    room.add_page(f"{new.origin}/", page("/feed"))
    room.add_page(f"{new.origin}/feed", Site("casino", new.origin).rss(), content_type=RSS)


@a_site()
def _copied_by_a_stranger(room: Newsroom, site: Site, new: Site) -> None:
    """A copy of the articles on a domain that the old site links to, which neither redirects nor links back."""
    gone(room, f"{site.origin}/feed")
    room.add_page(f"{site.origin}/", page(f"{new.origin}/feed"))
    room.add_page(f"{new.origin}/feed", site.rss(LATER, at=new), content_type=RSS)
    room.add_page(f"{new.origin}/", page("/feed"))


@a_site()
def _only_comments_are_left(room: Newsroom, site: Site, _new: Site) -> None:
    gone(room, f"{site.origin}/feed")
    room.add_page(f"{site.origin}/comments/feed", site.rss(LATER), content_type=RSS)
    room.add_page(f"{site.origin}/", page("/comments/feed"))


@a_site()
def _only_a_section_is_left(room: Newsroom, site: Site, _new: Site) -> None:
    gone(room, f"{site.origin}/feed")
    items = site.rss(range(5, 7)).removesuffix("</channel></rss>")
    other = Site(f"sport-of-{site.name}", site.origin).rss(range(1, 6)).partition("</title>")[2]
    room.add_page(f"{site.origin}/rss/sport", items + other, content_type=RSS)
    room.add_page(f"{site.origin}/", page("/rss/sport"))


@a_site()
def _another_papers_feed(room: Newsroom, site: Site, _new: Site) -> None:
    gone(room, f"{site.origin}/feed")
    room.add_page(f"{site.origin}/partner/feed", Site("partner", site.origin).rss(), content_type=RSS)
    room.add_page(f"{site.origin}/", page("/partner/feed"))


@a_site()
def _answers_again(room: Newsroom, site: Site, _new: Site) -> None:
    gone(room, f"{site.origin}/feed")

"""Collects the statements of a page, its answer's headers and its host on the use of its article, and decides which of them count.

Pure. `pipeline.text.rights` has the grammars; this module knows the places of each statement and their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

import lxml.etree

from pipeline.core.models import Article
from pipeline.core.rights import Rights, Tdm, Wish
from pipeline.extraction.html.structured_data import as_list, text_of, types_of
from pipeline.extraction.pages import Page
from pipeline.lake.manifests import HostDeclaration
from pipeline.text import rights as grammar
from pipeline.text.plain_text import plain
from pipeline.text.rights import Statement
from pipeline.text.urls import root_of

HEADERS = ("x-robots-tag", "content-usage", "content-signal", "tdm-reservation", "tdm-policy")
"""The header fields of an answer that state wishes."""
MAX_WISHES = 40
"""Wishes that are kept of one article; real pages have at most eight."""
_MAX_VALUE = 300
"""Characters of a value that are kept."""
_LICENCE_LINKS = lxml.etree.XPath("//*[(self::a or self::link) and contains(translate(@rel, 'LICENSE', 'license'), 'license')]")
_PICTURES = frozenset({"figure", "figcaption", "picture"})
"""Elements in which a licence is that of a picture. Licences in a footer or an `aside`, two of three on real pages, are about the site's
texts."""
_NOTICES = ("copyright", "dc.rights", "dcterms.rights", "rights")
_HOLDERS = ("dcterms.rightsholder", "dc.rightsholder")


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """A page's answer besides its body: the request's product token, the header fields of `HEADERS`, the time, the hosts' declarations."""

    agent: str
    headers: tuple[tuple[str, str], ...]
    at: datetime
    declarations: tuple[HostDeclaration, ...] = ()


def read_rights(page: Page, answer: PageAnswer) -> Rights | None:
    """All statements on the use of the page's article, and the ones that count; None when there is none."""
    wishes = tuple(dict.fromkeys([*_of_host(page, answer), *_of_headers(page, answer), *_of_page(page, answer)]))[:MAX_WISHES]
    if not wishes:
        return None
    reservation = _last(wishes, "tdmReservation", ("tdmrep.json", "header.tdm-reservation", "meta.tdm-reservation"))
    policy = _last(wishes, "tdmPolicy", ("tdmrep.json", "header.tdm-policy", "meta.tdm-policy"))
    licence = _last(wishes, "license", ("a.license", "link.license", "jsonld.license"))
    return Rights(
        tdm=cast("Tdm", reservation.value) if reservation is not None else None,
        tdm_policy=policy.value if policy is not None and reservation is not None and reservation.value == "reserved" else None,
        license=licence.value if licence is not None else None,
        wishes=wishes,
    )


def without_text(article: Article) -> Article:
    """The article without its text and without the values that were taken from the text."""
    names = {"text", "excerpt"} if article.provenance.get("excerpt") == "text" else {"text"}
    return replace(
        article,
        text=None,
        confidence=replace(article.confidence, text=None),
        excerpt=None if "excerpt" in names else article.excerpt,
        provenance={field: place for field, place in article.provenance.items() if field not in names},
        alternatives={field: said for field, said in article.alternatives.items() if field not in {"text", "excerpt"}},
    )


def _last(wishes: Sequence[Wish], name: str, places: tuple[str, ...]) -> Wish | None:
    """The first wish of that name in the last of `places` that has one, because places nearer to the article count for more.

    For a reservation this is the order of the protocol: the page's meta element before the answer's header before the host's file (TDMRep,
    "Protocol").
    """
    found = [(places.index(wish.place), -number, wish) for number, wish in enumerate(wishes) if wish.wish == name and wish.place in places]
    return max(found, key=lambda one: one[:2])[2] if found else None


def _of_host(page: Page, answer: PageAnswer) -> Iterator[Wish]:
    for declaration in answer.declarations:
        root, _, file = declaration.url.rpartition("/.well-known/" if declaration.url.endswith("/tdmrep.json") else "/")
        if root != root_of(page.url):
            continue
        if file == "robots.txt":
            for name, (wish, value) in grammar.preferences_for(page.url, declaration.lines):
                yield Wish(wish, value, f"robots.txt.{name}", declaration.at)
        else:
            rule = grammar.tdm_rule_for(page.url, declaration.lines)
            yield from _reserved(page, *rule, ("tdmrep.json", "tdmrep.json"), declaration.at) if rule is not None else ()


def _of_headers(page: Page, answer: PageAnswer) -> Iterator[Wish]:
    values = {name: [value for other, value in answer.headers if other == name] for name in HEADERS}
    yield from _wishes(grammar.x_robots_tag(values["x-robots-tag"], agent=answer.agent), "header.x-robots-tag", answer.at)
    for name, read in (("content-usage", grammar.usage_preferences), ("content-signal", grammar.content_signals)):
        # several header fields of one name form one list (RFC 9110, section 5.3)
        yield from _wishes(read(", ".join(values[name])), f"header.{name}", answer.at)
    yield from _reservation(page, values["tdm-reservation"], values["tdm-policy"], "header", answer.at)


def _of_page(page: Page, answer: PageAnswer) -> Iterator[Wish]:
    for name in ("robots", answer.agent.lower()):
        for content in page.meta.get(name, ()):
            yield from _wishes(grammar.robots_directives(content), f"meta.{name}", answer.at)
    yield from _reservation(page, page.meta.get("tdm-reservation", ()), page.meta.get("tdm-policy", ()), "meta", answer.at)
    for place, statements in (("jsonld", _of_nodes(page)), ("meta", _of_meta(page))):
        for key, statement in statements:
            yield from _wishes([statement], f"{place}.{key}", answer.at)
    yield from _licence_links(page, answer.at)


def _reservation(page: Page, reservations: Sequence[str], policies: Sequence[str], place: str, at: datetime) -> Iterator[Wish]:
    stated = next((one for one in map(grammar.tdm_reservation, reservations) if one is not None), None)
    if stated is not None:
        yield from _reserved(page, stated, next(iter(policies), None), (f"{place}.tdm-reservation", f"{place}.tdm-policy"), at)


def _reserved(page: Page, stated: Tdm, policy: str | None, places: tuple[str, str], at: datetime) -> Iterator[Wish]:
    """The reservation, and its policy when rights are reserved: a policy says how reserved rights can be obtained."""
    yield Wish("tdmReservation", stated, places[0], at)
    address = grammar.license_of(policy, base=page.base) if policy is not None and stated == "reserved" else None
    if address is not None:
        yield Wish("tdmPolicy", address[:_MAX_VALUE], places[1], at)


def _of_nodes(page: Page) -> Iterator[tuple[str, Statement]]:
    """The terms in the JSON-LD of the article, or else of the page."""
    for node in page.articles or tuple(one for one in page.nodes if "WebPage" in types_of(one)):
        for key in ("license", "usageInfo"):
            terms = (_terms(page, value) for value in as_list(node.get(key)))
            yield from ((key, Statement(key, text)) for text in terms if text)
        holders = (plain(text_of(page.dereference(holder))) for holder in as_list(node.get("copyrightHolder")))
        yield from (("copyrightHolder", Statement("copyrightHolder", name)) for name in holders if name)
        notice = plain(text_of(node.get("copyrightNotice")))
        if notice:
            yield "copyrightNotice", Statement("copyrightNotice", notice)


def _of_meta(page: Page) -> Iterator[tuple[str, Statement]]:
    for names, wish in ((_NOTICES, "copyrightNotice"), (_HOLDERS, "copyrightHolder")):
        for name in names:
            texts = map(plain, page.meta.get(name, ()))
            yield from ((name, Statement(wish, text)) for text in texts if text)


def _licence_links(page: Page, at: datetime) -> Iterator[Wish]:
    """Links with `rel=license`, which are about the page's main content (HTML, section 4.6.7.9), except those of pictures."""
    if page.tree is None:
        return
    for link in _LICENCE_LINKS(page.tree):
        is_another = "license" not in link.get("rel", "").lower().split() or any(one.tag in _PICTURES for one in link.iterancestors())
        licence = None if is_another else grammar.license_of(link.get("href") or "", base=page.base)
        if licence is not None:
            yield Wish("license", licence[:_MAX_VALUE], f"{link.tag}.license", at)


def _terms(page: Page, value: Any) -> str | None:
    """The absolute URL or the text of terms that are stated as a string or an object; None when empty."""
    keys = ("url", "@id", "name")
    stated = next(filter(None, (text_of(value.get(key)) for key in keys)), "") if isinstance(value, dict) else text_of(value)
    is_address = stated.startswith(("http://", "https://", "/"))
    return grammar.license_of(stated, base=page.base) if is_address else plain(stated)


def _wishes(statements: Sequence[Statement], place: str, at: datetime) -> Iterator[Wish]:
    return (Wish(wish, value[:_MAX_VALUE] if value is not None else None, place, at) for wish, value in statements)

"""Cuts lines off the texts of a part's articles that a site puts on many of its pages: prompts, disclaimers, labels, contact lines.

Pure: articles in, articles out. A site's furniture does not know what an article is about, so it stands once on pages that have nothing
else in common. Paragraphs that two reports of one event share do not count, nor do articles that a site shows at several addresses.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.core.models import Article
from pipeline.lake.repeated_lines import line_digest
from pipeline.text.plain_text import cut_excerpt, letters_only

LEAST_PAGES = 3
"""Pages of a host on which a line has to stand. Of 418 lines that this cuts on 26 hosts of the shared corpora, each set read as a part,
379 are in no text that people marked, and most of the others are labels (STORY HIGHLIGHTS) and prompts that people left in."""
LEAST_OWN = 0.5
"""Share of a page's letters in lines that no other page of the host has, from which the page counts: two versions of one article do not."""
LEAST_LETTERS = 4
"""Letters of the shortest line that is cut: `Q.`, `A.` and the numbers of a list belong to the text."""
SOURCE = "repeated"
"""The name of the cut lines in `alternatives`, where they stand last, separated by newlines."""


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a page's text, folded for comparison, each with the number of its places on the page; and the title, folded."""

    title: str
    places: Counter[str]


def without_repeated_lines(articles: Sequence[Article], *, known: frozenset[str] = frozenset()) -> list[Article]:
    """The articles of a part in the same order, without the lines that stand on at least `LEAST_PAGES` pages of their host.

    `known` are the digests (`lake.repeated_lines.line_digest`) of lines that sites repeated before; they are cut too. The lines that were
    cut are told in `alternatives` of the text. An excerpt that was such a line is taken from the rest of the text.
    """
    by_host = defaultdict(list)
    for article in articles:
        if article.text is not None:
            by_host[article.provider_domain].append(article)
    furniture = {host: repeated_lines((one.title, one.text or "") for one in pages) for host, pages in by_host.items()}
    if known:
        for host, pages in by_host.items():
            lines = {line for one in pages for line in _folded_lines(one.text or "")}
            furniture[host] |= {line for line in lines if line_digest(host, line) in known}
    return [_cut(article, furniture.get(article.provider_domain, frozenset())) for article in articles]


def repeated_lines(pages: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The lines, folded by `letters_only`, that are furniture of a host whose pages have these titles and texts."""
    known = [_Lines(letters_only(title), Counter(_folded_lines(text))) for title, text in pages]
    if len(known) < LEAST_PAGES:
        return frozenset()
    pages_of = Counter(line for page in known for line in page.places)
    titles: dict[str, set[str]] = defaultdict(set)
    several: set[str] = set()
    for page in known:
        own = sum(len(line) for line in page.places if pages_of[line] == 1)
        if own < LEAST_OWN * sum(map(len, page.places)):
            continue
        for line, places in page.places.items():
            titles[line].add(page.title)
            if places > 1:
                several.add(line)
    return frozenset(line for line, found in titles.items() if len(found) >= LEAST_PAGES and line not in several)


def lines_told(alternatives: str) -> list[str]:
    """The lines that were cut, folded, as the alternatives of a text tell them."""
    _, is_told, lines = f"; {alternatives}".rpartition(f"; {SOURCE} ")
    return list(_folded_lines(lines)) if is_told else []


def _folded_lines(text: str) -> Iterator[str]:
    return (folded for line in text.splitlines() if len(folded := letters_only(line)) >= LEAST_LETTERS)


def _cut(article: Article, furniture: frozenset[str]) -> Article:
    """The article without these lines; an article that would have no text left keeps all of it."""
    lines = (article.text or "").splitlines()
    cut = [line for line in lines if letters_only(line) in furniture] if furniture else []
    kept = [line for line in lines if letters_only(line) not in furniture]
    if not cut or not any(letters_only(line) for line in kept):
        return article
    text = "\n".join(kept)
    told = "\n".join([f"{SOURCE} {cut[0]}", *cut[1:]])
    others = article.alternatives.get("text")
    alternatives = {**article.alternatives, "text": f"{others}; {told}" if others else told}
    return replace(article, text=text, excerpt=_excerpt(article, cut, text), alternatives=dict(sorted(alternatives.items())))


def _excerpt(article: Article, cut: Sequence[str], text: str) -> str | None:
    if article.provenance.get("excerpt") != "text" or article.excerpt not in {cut_excerpt(line) for line in cut}:
        return article.excerpt
    return cut_excerpt(text)

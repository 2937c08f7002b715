"""Finds the topics of a title (law 4), and the keywords that gave them.

Pure: a vocabulary and a title in, names out. One pass over the title finds the keywords of all topics (Aho and Corasick 1975), so its
cost grows with the length of the title and not with the number of keywords; a matcher is built once for many titles.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ahocorasick import Automaton

from pipeline.core.catalogue import Topic
from pipeline.text.languages import language_of_title

Match = Literal["words", "substring"]

HYPHENS = dict.fromkeys(map(ord, "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), " ")
"""Every dash is read as a space: the keyword "self driving" finds "self-driving"."""

# Scripts that write without spaces, or hang particles on words: a keyword may start and end anywhere in them.
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")


@dataclass(frozen=True, slots=True)
class TopicMatch:
    """The topics of one title, each before its parents, and the (topic, keyword) pairs that occur in it, both in order of position."""

    topics: tuple[str, ...]
    hits: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One keyword of one topic: `normal` is the string that is searched for, `order` its place in the vocabulary."""

    topic: str
    keyword: str
    normal: str
    order: int
    languages: frozenset[str]
    """Two-letter codes; empty for a keyword of all languages."""

    def is_of(self, language: str | None) -> bool:
        """Whether titles in `language` are searched for this keyword; titles in an unknown language (None) are searched for every one."""
        return not self.languages or language is None or language in self.languages


@dataclass(frozen=True, slots=True)
class _Match:
    position: int
    entry: _Entry


class TopicMatcher:
    """Finds the keywords of a vocabulary of topics in titles.

    `words` finds whole words, whatever the case and the kind of hyphen. `substring` finds lower-cased keywords anywhere ("ai" in "Brain"),
    as the original system did, and reproduces its numbers.
    """

    def __init__(self, topics: Sequence[Topic], *, match: Match) -> None:
        parents = {topic.name: topic.parent for topic in topics}
        self._chains = {name: tuple(_upwards(name, parents)) for name in parents}
        self._match = match
        entries: dict[str, list[_Entry]] = defaultdict(list)
        order = 0
        for topic in topics:
            seen: set[str] = set()
            for keyword in topic.keywords:
                normal = keyword.text.lower() if match == "substring" else _normalise(keyword.text)
                if not normal or normal in seen:
                    continue
                seen.add(normal)
                order += 1
                entries[normal].append(_Entry(topic.name, keyword.text, normal, order, frozenset(keyword.languages)))
        self._automaton = Automaton()
        for normal, same in entries.items():
            self._automaton.add_word(normal, (len(normal), tuple(same)))
        self._automaton.make_automaton()
        self._is_empty = not entries

    def topics_of(self, title: str, *, root: str | None, vocabulary: Sequence[str] = (), language: str | None = None) -> TopicMatch:
        """The topics of `title` and their keywords in it, by the keywords of the article's `language`; by all keywords where that is None.

        A title that is clearly in another language is searched for the keywords of that language (`ai` means something else in an Italian
        title). `root` is the own topic of the article's source, None when it has none; it comes last when no keyword gave it.
        `vocabulary` names the root topics whose trees count; empty means all. A topic comes before its parents, otherwise topics come in
        the order of their keywords in the title. The hits are those of all returned topics.
        """
        found = self._find(title, language)
        if language is not None and any(hit.entry.languages for hit in found):
            spoken = language_of_title(title, language)
            found = found if spoken == language else self._find(title, spoken)
        given = [hit.entry.topic for hit in found if not vocabulary or self._chains[hit.entry.topic][-1] in vocabulary]
        chains = [self._chains[topic] for topic in given]
        if root is not None and not any(root in chain for chain in chains):
            chains.append(self._chains.get(root, (root,)))
        topics = _last_places(topic for chain in chains for topic in chain)
        return TopicMatch(topics=topics, hits=_pairs(found, topics))

    def hits_of(self, title: str, topics: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """The (topic, keyword) pairs of these `topics` only that occur in `title`, in order of position; keywords of all languages."""
        return _pairs(self._find(title, None), topics)

    def _find(self, title: str, language: str | None) -> list[_Match]:
        """The first place of every keyword; at one place the deeper topic and the longer keyword come first."""
        first: dict[int, _Match] = {}
        for hit in self._hits(title, language):
            first.setdefault(hit.entry.order, hit)
        return sorted(
            first.values(),
            key=lambda hit: (
                hit.position,
                -len(self._chains[hit.entry.topic]),
                -len(hit.entry.normal),
                hit.entry.order,
            ),
        )

    def _hits(self, title: str, language: str | None) -> Iterator[_Match]:
        """Every place of every keyword of the language, the places of one keyword in order."""
        if self._is_empty:
            return
        text = _normalise(title) if self._match == "words" else title.lower()
        for last, (length, entries) in self._automaton.iter(text):
            start, end = last - length + 1, last + 1
            if self._match == "substring" or not (_joins_at(text, start) or _joins_at(text, end)):
                yield from (_Match(start, entry) for entry in entries if entry.is_of(language))


def _pairs(found: Iterable[_Match], topics: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((hit.entry.topic, hit.entry.keyword) for hit in found if hit.entry.topic in topics)


def _upwards(name: str, parents: dict[str, str | None]) -> Iterator[str]:
    above: str | None = name
    while above is not None:
        yield above
        above = parents[above]


def _last_places(names: Iterable[str]) -> tuple[str, ...]:
    """`names` without repeats, each at its last place, so that a parent comes after all its children."""
    return tuple(reversed(dict.fromkeys(reversed(list(names)))))


def _normalise(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().translate(HYPHENS).split())


def _joins_at(text: str, position: int) -> bool:
    """True where no word ends between the characters before and at `position`."""
    return 0 < position < len(text) and _is_of_word(text[position - 1]) and _is_of_word(text[position])


@lru_cache(maxsize=4096)
def _is_of_word(character: str) -> bool:
    if character.isascii():
        return character.isalnum() or character == "_"
    if unicodedata.category(character)[0] not in "LNM":
        return False
    return not unicodedata.name(character, "").startswith(_UNSPACED)

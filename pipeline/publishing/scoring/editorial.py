"""The editorial terms of quality: signs of poor articles, each as a degree from 0 (no sign) to 1.

Pure: strings in, numbers out. The operator decides how many points a degree is worth (scoring.yaml, `editorial`; 0 by default).
docs/benchmarks.md has the agreement of the degrees with human ratings. The words are in `publishing/data/phrases.yaml`.
"""

from __future__ import annotations

import re
from functools import partial

from pipeline.text.phrases import phrase_pattern, word_set

_phrases = partial(phrase_pattern, "pipeline.publishing")
_MARKET = r"\bmarket\b.{0,80}\b(?:%(market_terms)s)\b|\bcagr\b|\bmarket (?:research )?report\b|\bglobal\b.{1,80}\b(?:market|industry)\b"
_WIRES = r"\b(?:%(wires)s)\b"
_wire_domains = partial(word_set, "pipeline.publishing", "wire_domains")
_CLICKBAIT = (
    # a list: a number first, but not one of victims
    (0.6, r"^(?:the |these |here are |here's )?\d{1,3}\b(?! (?:%(casualties)s))\W+\w+"),
    (0.35, r"\b(?:%(reader_words)s)\b"),
    (0.45, r"^(?:%(unnamed_starts)s)\b"),
    (0.35, r"\b(?:%(clickbait_words)s)\b"),
    (0.3, r"!\s*$|\bthat\b.{0,40}\b(?:will|are|should|prove)\b|\.\.\.$"),
    (0.65, r"^(?:%(shouted_starts)s)\b|!|\b(?:%(shouted_phrases)s)\b|\((?:video|watch|photos?)\)\s*$"),
)
"""Weight and pattern of each cue of clickbait; words and weights were chosen on the titles of docs/benchmarks.md (editorial terms)."""
_SHOUTED, _SHOUT = 0.35, re.compile(r"\b[A-Z]{5,}\b")
_ONE_CUE = 0.3
"""Subtracted from the sum of the cues, because one weak cue alone is no clickbait: news addresses its readers too, and has tickers in
capitals."""
_AGITATION = (
    r"\b(?:%(secrets)s)\b",
    r"\b(?:%(accusations)s)\b",
    r"^(?:a |an |the |\w+ )?(?:%(nameless_people)s)\b",
    # a quotation without a speaker
    r"^(?!.*\b(?:%(speech_verbs)s)\b).*(?:[\"“”]|(?<!\w)['‘]\w[^'’]{2,60}['’](?!\w))",
)
_AGITATION_WEIGHT = 0.25
"""Added for each pattern of _AGITATION that matches. One or more match 7 % of the titles of domains that Ad Fontes rates 0.7 or better,
and 41 % of those rated under 0.5."""
_STOCK_PICTURE = r"(?:^|/)(?:%(stock_folders)s)/|(?:^|[/_.-])(?:%(stock_pictures)s)(?:[\d_.-][^/]*)?$"
_TEXT_CHARACTERS = 1_500
"""Characters of a text in which signs of a press release are searched. A plain choice."""


def promotion_degree(title: str, text: str | None, domain: str) -> float:
    """1 for the advertisement of a market report or a press release, else 0, by domain, title and the start of the text."""
    if domain in _wire_domains() or _phrases(_MARKET).search(title):
        return 1.0
    start = (text or "")[:_TEXT_CHARACTERS]
    return 1.0 if _phrases(_WIRES).search(title) or _phrases(_WIRES).search(start) else 0.0


def clickbait_degree(title: str) -> float:
    """The degree to which a title promises or agitates instead of saying what happened."""
    cues = sum(weight for weight, pattern in _CLICKBAIT if _phrases(pattern).search(title))
    if _SHOUT.search(title) and not title.isupper():
        cues += _SHOUTED
    agitation = sum(_AGITATION_WEIGHT for pattern in _AGITATION if _phrases(pattern).search(title))
    return min(1.0, max(0.0, cues - _ONE_CUE) / (1 - _ONE_CUE) + agitation)


def thinness_degree(text: str | None, *, words: int) -> float:
    """1 for an empty text, falling linearly to 0 at `words` words."""
    return max(0.0, 1.0 - len((text or "").split()) / words)


def is_stock_picture(url: str) -> bool:
    """Whether the path of a picture's URL names it a logo, a default or a placeholder."""
    path = url.partition("?")[0].partition("://")[2].partition("/")[2]
    return _phrases(_STOCK_PICTURE).search(path) is not None

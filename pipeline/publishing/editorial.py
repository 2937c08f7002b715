"""The second opinion: signs of poor quality that law 1 does not count, each as a degree from 0 (none) to 1.

Pure: strings in, numbers out. The operator decides how many points a degree is worth (scoring.yaml, `editorial`; 0 by default). How
well the degrees agree with human ratings is measured in docs/benchmarks.md.
"""

from __future__ import annotations

import re

_MARKET = re.compile(
    r"\bmarket\b.{0,80}\b(?:size|share|cagr|forecast|outlook|growth|trends|analysis|worth|valued?|reach(?:es|ing)?|surpass|exceed|report"
    r"|insights|opportunit\w+|projected|expected to|usd|20[2-5]\d)\b"
    r"|\bcagr\b|\bmarket (?:research )?report\b|\bglobal\b.{1,80}\b(?:market|industry)\b",
    re.IGNORECASE,
)
_WIRES = re.compile(
    r"\b(?:pr ?newswire|business wire|globe ?newswire|ein presswire|accesswire|pr ?web|marketwired?|newsfile|press release"
    r"|researchandmarkets|safe harbor|forward-looking statements)\b",
    re.IGNORECASE,
)
_WIRE_DOMAINS = frozenset(
    {
        *("prnewswire.com", "businesswire.com", "globenewswire.com", "einpresswire.com", "einnews.com", "accesswire.com", "prweb.com"),
        *("marketwatch.com/press-release", "openpr.com", "newsfilecorp.com", "marketwired.com", "24-7pressrelease.com", "prlog.org"),
    }
)
_CLICKBAIT = tuple(
    (weight, re.compile(pattern, re.IGNORECASE))
    for weight, pattern in (
        # a list: a number first, but not one of victims
        (
            0.6,
            r"^(?:the |these |here are |here's )?\d{1,3}\b(?! (?:killed|dead|die|injured|hurt|arrested|charged|held|people (?:killed|die)))"
            r"\W+\w+",
        ),
        # it addresses the reader
        (0.35, r"\b(?:you|your|you're|you'll|you've|yourself|we|us|me|my|i)\b"),
        # it refers to something that it does not name; "how" and "why" are left out, they begin good essays too
        (
            0.45,
            r"^(?:which|can you|are you|do you|this|these|here's|here are|so|just|tell us|everyone|people"
            r"|what(?: it|'s|s)?(?: \w+){0,3} (?:you|your))\b",
        ),
        # words that headlines of this genre favour
        (
            0.35,
            r"\b(?:things|reasons|ways|times|signs|facts|tweets|gifs?|photos|pictures|recipes|hacks|quiz|zodiac|favou?rite|ultimate|totally"
            r"|actually|literally|insane(?:ly)?|hilarious(?:ly)?|adorable|perfect(?:ly)?|awesome|amazing|incredible|gorgeous|epic|genius"
            r"|weird(?:est)?|cutest|shocking|unbelievable|heartbreaking|mind-blowing|guess|won't believe|happens next|should"
            r"|ever|every|never|will make|need to|probably|all the|about this"
            r"|understand|gift|dog|cats?|girl|best friend|adults?|kids|disney|harry potter"
            r"|college|20s|'?90s|dating|boyfriend)\b",
        ),
        (0.3, r"!\s*$|\bthat\b.{0,40}\b(?:will|are|should|prove)\b|\.\.\.$"),
        # it shouts
        (
            0.65,
            r"^(?:breaking|watch|video|shock(?:ing)?|bombshell|exposed|busted|just in|alert|confirmed|wow|boom)\b|!"
            r"|\b(?:shocking|exposed|bombshell|busted|caught on (?:tape|camera)|you need to see|this is why|goes viral|the truth about)\b"
            r"|\((?:video|watch|photos?)\)\s*$",
        ),
    )
)
_SHOUTED, _SHOUT = 0.35, re.compile(r"\b[A-Z]{5,}\b")
_ONE_CUE = 0.3
"""Subtracted from the sum of the cues: one weak cue alone is no clickbait (news addresses its readers too, and has tickers in capitals)."""
_AGITATION = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # it claims that something is kept secret
        r"\b(?:illuminati|satan\w*|elites?|globalist\w*|deep state|new world order|mainstream media|cover-?up|false flag|conspirac\w*"
        r"|hoax\w*|secret\w*|occult|cults?|whistleblow\w*|leaked|banned|cures?|hidden|truth|agenda|rigged|traitors?|treason)\b",
        # somebody accuses, confesses or attacks
        r"\b(?:claims?|admits?|reveals?|confess\w*|exposes?|warns?|slams?|blasts?|destroys?|caught|confirms?|declares?|vows?|demands?"
        r"|refuses?|begs?)\b",
        # the subject is a person without a name
        r"^(?:a |an |the |\w+ )?(?:man|woman|mother|mom|father|dad|boy|girl|teen\w*|couple|grandm\w+|wife|husband|guy|student|teacher"
        r"|doctor|nurse|cop|\d+[- ]year[- ]old)\b",
        # a quotation without a speaker
        r"^(?!.*\b(?:says?|said|tells?|told|according)\b).*(?:[\"“”]|(?<!\w)['‘]\w[^'’]{2,60}['’](?!\w))",
    )
)
_AGITATION_WEIGHT = 0.25
"""Added for each pattern of _AGITATION that matches. One or more match 7 % of the titles of domains that Ad Fontes rates 0.7 or better,
and 41 % of those rated under 0.5."""
_STOCK_PICTURE = re.compile(
    # in the file's name, and two folders; others say nothing: many sites keep every photo under /sites/default/files/
    r"(?:^|/)(?:logos?|placeholders?)/"
    r"|(?:^|[/_.-])(?:\w*logo|default|placeholder|no-?image|avatar|favicon|icon|og-?image|social-?share|fallback|stock-?photo)"
    r"(?:[\d_.-][^/]*)?$",
    re.IGNORECASE,
)
_TEXT_CHARACTERS = 1_500


def promotion_degree(title: str, text: str | None, domain: str) -> float:
    """1 for the advertisement of a market report or a press release, else 0; told by the domain, the title and the start of the text."""
    if domain in _WIRE_DOMAINS or _MARKET.search(title):
        return 1.0
    start = (text or "")[:_TEXT_CHARACTERS]
    return 1.0 if _WIRES.search(title) or _WIRES.search(start) else 0.0


def clickbait_degree(title: str) -> float:
    """The degree to which a title promises or agitates instead of saying what happened."""
    cues = sum(weight for weight, pattern in _CLICKBAIT if pattern.search(title))
    if _SHOUT.search(title) and not title.isupper():
        cues += _SHOUTED
    agitation = sum(_AGITATION_WEIGHT for pattern in _AGITATION if pattern.search(title))
    return min(1.0, max(0.0, cues - _ONE_CUE) / (1 - _ONE_CUE) + agitation)


def thinness_degree(text: str | None, *, words: int) -> float:
    """1 for an empty text, falling evenly to 0 at `words` words."""
    return max(0.0, 1.0 - len((text or "").split()) / words)


def is_stock_picture(url: str) -> bool:
    """Whether the path of a picture's URL names it a logo, a default or a placeholder."""
    path = url.partition("?")[0].partition("://")[2].partition("/")[2]
    return _STOCK_PICTURE.search(path) is not None

"""Whether a feed's URL names a section of its site. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

WHOLE_SITE_WORDS = frozenset(
    re.findall(
        r"\S+",
        """
        feed feeds rss rss2 rss_full rssfeed rdf atom xml index default all full main home homepage frontpage front top latest news newsfeed
        headlines stories articles posts blog blogs en de fr es it pt nl ru uk us int
        """,
    )
)
"""Words in URLs of feeds that name no section of a site: formats, front pages, languages."""


def is_of_whole_site(feed: str) -> bool:
    """Whether a feed's URL names no section of its site, so that the sitemaps and archived pages of the site can replace the feed.

    Both errors cost: if the feed of a section counts as that of the site, articles of other sections come in; if the feed of a site counts
    as that of a section, the sitemaps are lost as an origin. A word that is part of the host name is not a section.
    """
    parts = urlsplit(feed)
    host = (parts.hostname or "").lower()
    words = [word for segment in parts.path.lower().split("/") for word in re.split(r"[.\-~]", segment) if word]
    return not parts.query and all(word in WHOLE_SITE_WORDS or word in host for word in words)

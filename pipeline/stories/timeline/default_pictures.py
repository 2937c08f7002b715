"""Decides which pictures of articles are default pictures of their sites: the quality, and so the lead of a story, depends on them.

Pure: members in, members out. It is decided for each article within its own window, so that every date that shows the article agrees.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from pipeline.core.catalogue import StoryConstants
from pipeline.stories.timeline.day_features import Picture
from pipeline.stories.timeline.members import DAY_S, Members, objects

Shown = tuple[str | None, str, str]
"""A publisher, and the address or the file of a picture of it; the empty text takes the place of the other."""


@dataclass(frozen=True, slots=True)
class FoldConstants:
    """The constants of the catalogue that the timeline depends on."""

    stories: StoryConstants = field(default_factory=StoryConstants)
    max_pictured: int = 4
    """Articles of one publisher that may show a picture before it counts as the site's default (`images.maxArticles`)."""


def with_default_pictures(members: Members, days: Collection[int], domains: Collection[str | None], constants: FoldConstants) -> Members:
    """The members; those of `domains` that were published on `days` with the pictures that are default pictures of their site.

    A picture is one when more than `constants.max_pictured` articles of the publisher, published within a window of the article's day,
    show it. Pictures of the same bytes count as one, whatever their addresses; an address has the bytes that any of these articles fetched
    from it. `members` holds all articles within a window of `days`.
    """
    published = (members.published_s // DAY_S).tolist()
    places = [place for place, domain in enumerate(members.domains.tolist()) if domain in domains and members.pictures[place]]
    shown_on: defaultdict[Shown, list[int]] = defaultdict(list)
    fetched: defaultdict[Shown, list[tuple[int, Shown]]] = defaultdict(list)
    for place in places:
        for shown in {one for picture in members.pictures[place] for one in _both(members.domains[place], picture)}:
            shown_on[shown].append(published[place])
        for picture in members.pictures[place]:
            address, *file = _both(members.domains[place], picture)
            fetched[address].extend((published[place], one) for one in file)
    often = {shown: sorted(found) for shown, found in shown_on.items() if len(found) > constants.max_pictured}
    reach, wanted = -(-constants.stories.window_hours // 24), set(days)

    def is_default(place: int, picture: Picture) -> bool:
        first, last = published[place] - reach, published[place] + reach
        address, *file = _both(members.domains[place], picture)
        same = {address, *file, *(one for day, one in fetched[address] if first <= day <= last)}
        return any(
            bisect_right(often[shown], last) - bisect_left(often[shown], first) > constants.max_pictured for shown in same if shown in often
        )

    defaults = members.default_pictures.copy()
    for place in places:
        if published[place] in wanted:
            defaults[place] = tuple(sorted({picture[0] for picture in members.pictures[place] if is_default(place, picture)}))
    return replace(members, default_pictures=objects(defaults))


def _both(domain: str | None, picture: Picture) -> list[Shown]:
    address, file = picture
    return [(domain, address, ""), *([(domain, "", file)] if file else [])]

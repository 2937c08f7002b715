from __future__ import annotations

import pytest

from pipeline.discovery.whole_sites import is_of_whole_site


@pytest.mark.parametrize(
    ("feed", "is_whole"),
    [
        ("https://openai.com/news/rss.xml", True),
        ("https://blogs.nvidia.com/feed/", True),
        ("https://www.theverge.com/rss/index.xml", True),
        ("https://www.heise.de/rss/heise-atom.xml", True),
        ("https://feeds.arstechnica.com/arstechnica/index", True),
        ("https://www.france24.com/en/rss", True),
        ("https://site.example/", True),
        ("https://www.theguardian.com/world/rss", False),
        ("https://www.technologyreview.com/topic/artificial-intelligence/feed/", False),
        ("https://www.cnbc.com/id/100003114/device/rss/rss.html", False),
        ("https://site.example/feed?section=sports", False),
    ],
)
def test_a_feed_s_address_tells_whether_it_is_a_section_s(feed: str, is_whole: bool) -> None:
    assert is_of_whole_site(feed) is is_whole

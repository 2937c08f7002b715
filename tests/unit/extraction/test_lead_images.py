"""Which addresses may be those of a lead image."""

from __future__ import annotations

import pytest

from pipeline.extraction.lead_images import is_picture_address


@pytest.mark.parametrize(
    "path",
    ["google-pixel-9-pro-review.jpg", "8761664-1x1-700x700.jpg", "thumb.php?src=/2024/03/bridge.jpg&w=1200", "bridge.jpg"],
)
def test_a_word_in_its_name_refuses_no_picture_of_an_article(path: str) -> None:
    assert is_picture_address(f"https://cdn.kestrel.example/2024/{path}")


@pytest.mark.parametrize(
    "path", ["pixel.gif", "1x1.png", "transparent-1x1.png", "pixel-1x1.gif", "count.php?page=3", "blank.gif", "tracking_pixel.png"]
)
def test_trackers_and_spacers_are_no_pictures(path: str) -> None:
    assert not is_picture_address(f"https://cdn.kestrel.example/2024/{path}")

"""Which addresses may be those of a lead image."""

from __future__ import annotations

import pytest

from pipeline.extraction.lead_images import is_picture_address, lead_images
from pipeline.extraction.pages import read_page


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


@pytest.mark.parametrize(
    "picture",
    [
        "<img src='data:image/gif;base64,R0' data-src='/i/bridge-1200.jpg'>",
        "<img src='/spacer.gif' data-lazyload='/i/bridge-1200.jpg'>",
        "<img src='/px.png' data-flickity-lazyload-src='/i/bridge-1200.jpg'>",
        "<img data-original-set='/i/bridge-1200.jpg 1200w, /i/bridge-300.jpg 300w'>",
        "<div class='hero' data-bg='/i/bridge-1200.jpg'></div>",
        "<div class='article-hero' style=\"background-image: url('/i/bridge-1200.jpg')\"></div>",
        "<picture><source data-srcset='/i/bridge-1200.jpg 1200w, /i/bridge-300.jpg 300w'><img alt='A bridge'></picture>",
    ],
)
def test_pictures_that_a_script_loads_later_are_found_by_any_attribute_that_holds_their_address(picture: str) -> None:
    html = f"<html><body><article><h1>Bridges</h1>{picture}<p>The council met.</p></article></body></html>"
    found = lead_images(read_page(html.encode(), url="https://valley.example/a", content_type="text/html"), None)
    assert [image.url for image in found][:1] == ["https://valley.example/i/bridge-1200.jpg"]


@pytest.mark.parametrize("picture", ['<div data-config=\'{"a": "/i/bridge.jpg"}\'></div>', "<div data-title='bridge.jpg'></div>"])
def test_an_attribute_that_holds_more_than_an_address_is_no_picture(picture: str) -> None:
    html = f"<html><body><article><h1>Bridges</h1>{picture}<p>The council met.</p></article></body></html>"
    assert lead_images(read_page(html.encode(), url="https://valley.example/a", content_type="text/html"), None) == ()

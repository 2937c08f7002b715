"""Pictures that are a site's, not an article's: learned from how many articles they stand on."""

from __future__ import annotations

from typing import Any

from tests.unit.publishing.test_records import LATER, article, by_url, picture, records, row


def test_a_picture_on_more_than_four_articles_is_the_sites_default() -> None:
    shared = [row(f"a{number}", images=[picture("https://x.example/logo.jpg")]) for number in range(4)]
    assert all(one["images"] for one in records(*shared).articles)
    shared.append(row("a4", images=[picture("https://x.example/logo.jpg")]))
    elsewhere = row("b", domain="other.example", images=[picture("https://x.example/logo.jpg")])
    found = by_url(records(*shared, elsewhere))
    assert [url for url, one in found.items() if one["images"]] == [elsewhere["webUrl"]]
    assert {one["quality"] for one in found.values()} == {0, 20}


def with_file(name: str, file: str | None, **given: Any) -> dict[str, Any]:
    """A page with a picture of its own address, whose bytes lie in the lake at `file`."""
    return row(name, images=[picture(f"https://x.example/{name}.jpg", is_cached=file is not None)], imageFile=file, **given)


def test_the_same_bytes_under_many_addresses_are_the_sites_default() -> None:
    shared = [with_file(f"a{number}", "images/aa/aa.jpg") for number in range(4)]
    own = with_file("own", "images/bb/bb.jpg")
    assert all(one["images"] for one in records(*shared, own).articles)
    declared = row("declared", images=[picture("https://x.example/a0.jpg", is_cached=False)])
    elsewhere = with_file("b", "images/aa/aa.jpg", domain="other.example")
    found = by_url(records(*shared, with_file("a4", "images/aa/aa.jpg"), own, declared, elsewhere))
    assert {url for url, one in found.items() if one["images"]} == {own["webUrl"], elsewhere["webUrl"]}


def test_pictures_that_nobody_fetched_have_no_bytes_in_common() -> None:
    assert all(one["images"] for one in records(*(with_file(f"a{number}", None) for number in range(9))).articles)


def test_the_picture_of_an_earlier_probe_is_kept_with_its_bytes() -> None:
    shared = [with_file(f"a{number}", "images/aa/aa.jpg") for number in range(4)]
    good, failed = with_file("a4", "images/aa/aa.jpg"), row("a4", **LATER)
    assert not any(one["images"] for one in records(*shared, good, failed).articles)


def test_many_versions_of_one_page_make_no_default_picture() -> None:
    versions = [
        row("a", images=[picture("https://x.example/a.jpg")], captureOffset=number, payloadDigest=f"sha256:{number}") for number in range(9)
    ]
    assert article(*versions)["images"]

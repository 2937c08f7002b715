"""A page made an article."""

from __future__ import annotations

import gzip
import io
import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from warcio.archiveiterator import ArchiveIterator

from pipeline.core.models import AmpAnswer, Article, CaptureRef, Entry, Image, Moment, Picture, Rejected
from pipeline.extraction.articles import build_article
from pipeline.extraction.pages import read_page
from pipeline.lake.tables import extracted_table

URL = "https://www.kestrel.example/2026/09/30/owls"
CAPTURE = CaptureRef("raw/interval=2026-10-01T12/part=00/captures.warc.gz", 1234, datetime(2026, 10, 1, 12, tzinfo=UTC))
PROSE = (
    "The owls have come back to the parks of the city, and nobody knows why they stayed away for so long, said the warden. "
    "Last winter only three of them were counted; this year volunteers found forty-one in a single night near the river."
)
NODE = {
    "@type": "NewsArticle",
    "headline": "Owls return to the city",
    "datePublished": "2026-09-30T08:30:00+02:00",
    "dateModified": "2026-09-30T11:00:00+02:00",
    "author": [{"@type": "Person", "name": "Jane Roe"}],
    "publisher": {"@type": "Organization", "name": "The Kestrel"},
    "image": {"url": "https://www.kestrel.example/owl.jpg", "width": 1200, "height": 800},
    "keywords": "owls, cities",
    "isAccessibleForFree": "False",
    "description": "Forty-one owls were counted in a single night near the river.",
}
HEAD = (
    f"<script type='application/ld+json'>{json.dumps(NODE)}</script><title>Owls return to the city | The Kestrel</title>"
    f"<link rel=canonical href='{URL}?utm_source=canonical'><link rel=amphtml href='/amp/owls'>"
    "<meta property='og:image' content='https://www.kestrel.example/second.jpg'>"
)


def made(
    head: str = HEAD,
    body: str = f"<h1>Owls return to the city</h1><div><p>{PROSE}</p><p>{PROSE}</p><p>{PROSE}</p></div>",
    *,
    url: str = URL,
    entry: Entry | None = None,
    pictures: tuple[Picture, ...] = (),
    amp: AmpAnswer | None = None,
) -> Article | Rejected:
    html = f"<!doctype html><html lang='en-GB'><head>{head}</head><body>{body}</body></html>"
    return build_article(
        read_page(html.encode(), url=url, content_type="text/html"),
        entry=entry or Entry(url="https://feeds.kestrel.example/r/1", source_id="kestrel", via="feed"),
        capture=CAPTURE,
        payload_digest="sha256:00",
        pictures=pictures,
        amp=amp,
    )


def article(*arguments: str, **options: object) -> Article:
    result = made(*arguments, **options)  # type: ignore[arg-type]
    assert isinstance(result, Article), result
    return result


def picture(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Pillow.new("RGB", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


def test_every_field_is_taken_from_the_page_with_its_source() -> None:
    result = article()
    assert result.original_url == "https://feeds.kestrel.example/r/1"
    assert result.web_url == URL
    assert result.title == "Owls return to the city"
    assert result.excerpt == "Forty-one owls were counted in a single night near the river."
    assert result.text is not None
    assert result.text.endswith(PROSE)
    assert result.authors == ("Jane Roe",)
    assert result.published == Moment(datetime(2026, 9, 30, 6, 30, tzinfo=UTC), "second")
    assert result.modified == datetime(2026, 9, 30, 9, tzinfo=UTC)
    assert result.language == "en"
    assert (result.provider_name, result.provider_domain) == ("The Kestrel", "kestrel.example")
    assert result.images == (Image("https://www.kestrel.example/owl.jpg", 1200, 800, is_cached=False),)
    assert result.amp_web_url == "https://www.kestrel.example/amp/owls"
    assert result.type == "article"
    assert result.keywords == ("owls", "cities")
    assert result.is_accessible_for_free is False
    assert (result.source_id, result.via, result.capture, result.payload_digest) == ("kestrel", "feed", CAPTURE, "sha256:00")
    assert result.provenance["publishedDateTime"] == "jsonld.datePublished"
    assert result.provenance["webUrl"] == "link.canonical"
    assert result.provenance["images"] == "jsonld.image"


@pytest.mark.parametrize(
    "canonical",
    [
        "https://other.example/2026/09/30/owls",
        "https://www.kestrel.example/",
        "ftp://www.kestrel.example/x",
        "https://u:p@www.kestrel.example/x",
    ],
)
def test_another_sites_page_or_the_front_is_never_the_canonical_url(canonical: str) -> None:
    assert article(HEAD.replace(f"{URL}?utm_source=canonical", canonical)).web_url == URL


def test_a_canonical_url_on_a_sister_host_is_believed() -> None:
    assert article(HEAD.replace(URL, "https://kestrel.example/owls")).web_url == "https://kestrel.example/owls"


def test_without_a_declaration_the_page_is_where_the_fetch_ended() -> None:
    assert article("<title>Owls return to the city</title>", url=URL + "?fbclid=1#x").web_url == URL


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"%PDF-1.4", "notHtml"),
        (b"<html><p>words and more words without any title at all</p>", "noTitle"),
        (b"<html><title>Owls return</title>", "noText"),
    ],
)
def test_a_page_that_is_no_article_is_rejected_with_one_word(body: bytes, reason: str) -> None:
    page = read_page(body, url=URL, content_type="text/html")
    entry = Entry(url=URL, source_id=None, via="warc")
    assert build_article(page, entry=entry, capture=CAPTURE, payload_digest="") == Rejected(reason)


def test_an_excerpt_from_the_feed_makes_an_article_of_a_page_without_text() -> None:
    entry = Entry(url=URL, source_id=None, via="feed", excerpt="Forty-one owls were counted in one night.")
    result = article("<title>Owls return</title>", "", entry=entry)
    assert (result.excerpt, result.text) == ("Forty-one owls were counted in one night.", None)


def test_a_page_with_text_always_has_an_excerpt_that_ends_well() -> None:
    result = article("<title>Owls return to the city</title>")
    assert result.excerpt
    assert len(result.excerpt) <= 350
    assert result.excerpt[-1] in ".…"


def test_a_description_that_was_cut_off_is_completed_from_the_text() -> None:
    head = f"<title>Owls return to the city</title><meta name=description content='{PROSE[:70]}...'>"
    excerpt = article(head).excerpt
    assert excerpt is not None
    assert excerpt.endswith("said the warden.")


def test_the_first_measured_picture_that_is_large_enough_is_the_lead_image() -> None:
    small = Picture("https://www.kestrel.example/owl.jpg", picture(200, 400))
    large = Picture("https://www.kestrel.example/second.jpg", picture(640, 400))
    result = article(pictures=(small, large))
    assert result.images == (Image("https://www.kestrel.example/second.jpg", 640, 400, is_cached=True),)


def test_a_picture_that_is_gone_or_no_picture_gives_way_to_the_next() -> None:
    for first in (Picture("https://www.kestrel.example/owl.jpg", gone=True), Picture("https://www.kestrel.example/owl.jpg", b"<svg/>")):
        result = article(pictures=(first,))
        assert result.images == (Image("https://www.kestrel.example/second.jpg", None, None, is_cached=False),)


def test_a_picture_that_is_declared_small_is_no_lead_image() -> None:
    result = article(HEAD.replace('"width": 1200, "height": 800', '"width": 1200, "height": 200'))
    assert result.images == (Image("https://www.kestrel.example/second.jpg", None, None, is_cached=False),)


def test_an_amp_page_counts_unless_it_is_gone_for_good() -> None:
    link = "https://www.kestrel.example/amp/owls"
    assert article(amp=AmpAnswer(link, ok=True)).amp_web_url == link
    assert article(amp=AmpAnswer(link, ok=False)).amp_web_url == link
    assert article(amp=AmpAnswer(link, ok=False, gone=True)).amp_web_url is None


def test_a_video_page_is_of_type_video() -> None:
    assert article(HEAD + "<meta property='og:type' content='video.other'>").type == "video"


def test_what_no_file_can_hold_reaches_no_row() -> None:
    node = (
        '{"@type":"NewsArticle","headline":"Owls \\ud800 return","image":"/a\\ud800.jpg","keywords":"b\\ud800","author":"Jane\\ud800 Roe"}'
    )
    head = f"<title>Owls return</title><script type='application/ld+json'>{node}</script><meta property='og:image' content='/b.jpg'>"
    result = article(head)
    assert [image.url for image in result.images] == ["https://www.kestrel.example/b.jpg"]
    assert extracted_table([result]).num_rows == 1


def test_the_same_page_gives_the_same_article() -> None:
    assert article() == article()


_PIECES = st.sampled_from(
    [
        "<div>", "</div>", "<p>", "<title>", "</title>", "<meta property='og:title' content='", "'>", "<script type='application/ld+json'>",
        "</script>", '{"@type":"NewsArticle","author":', '"datePublished":"2026', "<link rel=canonical href=", "<time datetime=",
        "<img src=", "<h1>Owls", PROSE, "\x00", "\ud83e",
        '"image":"/\\ud800.jpg",', '"isAccessibleForFree":[{"@value":', "<link rel=amphtml href='/&#x7;",
    ]
)  # fmt: skip


@settings(deadline=None)  # the first page pays for what is loaded late
@given(st.lists(_PIECES, max_size=25), st.sampled_from([URL, "https://x/", "not a url", "http://[::1", ""]))
def test_no_markup_raises(pieces: list[str], url: str) -> None:
    page = read_page("".join(pieces).encode("utf-8", "surrogatepass"), url=url)
    result = build_article(page, entry=Entry(url=url, source_id=None, via="warc"), capture=CAPTURE, payload_digest="")
    if isinstance(result, Article):
        extracted_table([result])


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 10**12)
    | st.text(st.characters(), max_size=12)
    | st.sampled_from(["2026-09-30", "/a.jpg", URL]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["@id", "@value", "name", "url"]), inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.sampled_from([*NODE, "thumbnailUrl", "video", "articleBody", "mainEntityOfPage", "url", "inLanguage", "@id", "hasPart", "logo"])


@settings(deadline=None)
@given(st.dictionaries(_KEYS, _VALUES, max_size=8), st.integers(0, 400), st.sampled_from(["NewsArticle", "VideoObject", "WebPage"]))
def test_no_json_ld_raises_or_makes_a_row_that_cannot_be_written(fields: dict[str, object], cut: int, kind: str) -> None:
    block = json.dumps({"@type": kind, **fields}).replace("</", "<\\/")
    for text in (block, block[:cut]):
        result = made(f"<title>Owls return to the city</title><script type='application/ld+json'>{text}</script>")
        if isinstance(result, Article):
            extracted_table([result])


def test_no_real_page_raises_whole_or_cut_off_anywhere(shared: Path) -> None:
    chance = random.Random(7)
    names = ("fundus", "postlight", "waddle_daniel")
    for name in names:
        with gzip.open(shared / "corpora" / "extraction" / f"{name}.warc.gz") as stream:
            records = (record for record in ArchiveIterator(stream) if record.rec_type == "response")
            for number, record in enumerate(records):
                if number >= 12:
                    break
                url = record.rec_headers.get_header("WARC-Target-URI")
                body = record.content_stream().read()
                for data in (body, body[: chance.randrange(len(body) + 1)], body[chance.randrange(len(body) + 1) :]):
                    page = read_page(data, url=url, content_type="text/html")
                    result = build_article(page, entry=Entry(url=url, source_id=None, via="warc"), capture=CAPTURE, payload_digest="")
                    assert isinstance(result, Article | Rejected)


@pytest.mark.parametrize(
    ("url", "head", "expected"),
    [
        ("https://k.example/politics/the-owls-are-back-again", "<link rel=canonical href=/politics>", "the-owls-are-back-again"),
        ("https://k.example/story-one", "<link rel=canonical href=/story-two><meta property='og:url' content='/story-one'>", "story-one"),
        ("https://k.example/owls/2", "<link rel=canonical href=/owls>", "owls"),
        ("https://k.example/amp/owls", "<link rel=canonical href=/owls><meta property='og:url' content='/owls'>", "owls"),
    ],
)
def test_the_canonical_url_is_that_of_this_article(url: str, head: str, expected: str) -> None:
    assert article("<title>Owls return to the city</title>" + head, url=url).web_url.rpartition("/")[2] == expected


CALLED = "https://www.kestrel.example/2026/09/30/owls-return-to-the-city"


@pytest.mark.parametrize(
    "canonical",
    [
        "/2026/09/30/mayor-resigns-after-the-vote",
        "/nature/",
        "/en/",
        "/index.html",
        "/home",
        "/404",
        "/login?return=/x",
        "/2026/09/30/mayor-resigns-4711",
    ],
)
def test_a_canonical_url_that_names_another_article_or_none_is_not_believed(canonical: str) -> None:
    head = f"<title>Owls return to the city</title><link rel=canonical href='{canonical}'>"
    assert article(head, url=CALLED).web_url == CALLED


@pytest.mark.parametrize("canonical", ["/nature/owls-return", "/node/4711", "/story?id=17", "/2026/09/30/city-owls", "/a/2026-owls"])
def test_a_canonical_url_by_number_or_another_spelling_is_believed(canonical: str) -> None:
    head = f"<title>Owls return to the city</title><link rel=canonical href='{canonical}'>"
    assert article(head, url=CALLED).web_url == "https://www.kestrel.example" + canonical


@pytest.mark.parametrize(
    ("stated", "is_free"),
    [(True, True), ("False", False), ("http://schema.org/False", False), (["True"], True), ({"@value": "false"}, False), ("perhaps", None)],
)
def test_a_declaration_of_free_access_is_read_in_every_spelling(stated: object, is_free: bool | None) -> None:
    node = json.dumps(NODE | {"isAccessibleForFree": stated})
    assert article(f"<title>Owls return</title><script type='application/ld+json'>{node}</script>").is_accessible_for_free is is_free


def test_free_access_may_be_declared_for_the_page() -> None:
    nodes = json.dumps([{"@type": "WebPage", "isAccessibleForFree": False}, {"@type": "NewsArticle", "headline": "Owls return"}])
    assert article(f"<title>Owls return</title><script type='application/ld+json'>{nodes}</script>").is_accessible_for_free is False


def test_a_page_whose_video_goes_by_its_address_takes_its_fields() -> None:
    video = {"@type": "VideoObject", "url": URL, "name": "Owls on film", "thumbnailUrl": "/film.jpg", "keywords": "owls, film"}
    graph = json.dumps({"@graph": [{"@type": "WebSite"}, {"@type": "Organization"}, {"@type": "BreadcrumbList"}, video]})
    head = f"<title>Owls on film</title><script type='application/ld+json'>{graph}</script>"
    result = article(head)
    assert (result.type, result.keywords) == ("video", ("owls", "film"))
    assert [image.url for image in result.images] == ["https://www.kestrel.example/film.jpg"]
    assert article(head + "<meta property='og:type' content='article'>").type == "article"


@pytest.mark.parametrize(
    ("description", "excerpt"),
    [
        ("Wardens are puzzled by the return of the owls. Read more", "Wardens are puzzled by the return of the owls."),
        ("Wardens are puzzled by the owls … Continue reading →", "Wardens are puzzled by the owls…"),
        ("Wardens are puzzled by the return of the owls |", "Wardens are puzzled by the return of the owls"),
        (
            "Wardens are puzzled by the owls that came back to the parks of the city after so many years. Nobody knows why they staye",
            "Wardens are puzzled by the owls that came back to the parks of the city after so many years.",
        ),
    ],
)
def test_a_description_ends_where_its_sentence_does(description: str, excerpt: str) -> None:
    assert article(f"<title>Owls return</title><meta name=description content='{description}'>").excerpt == excerpt


def test_values_that_were_not_chosen_are_kept_with_their_source() -> None:
    head = HEAD + "<meta name=author content='John Doe'><meta property='article:published_time' content='2026-09-28T08:00:00Z'>"
    alternatives = article(head).alternatives
    assert alternatives["authors"] == "meta.author John Doe"
    assert alternatives["publishedDateTime"] == "meta.article:published_time 2026-09-28T08:00:00Z"
    described = HEAD + "<meta name=description content='Owls are back.'><meta property='og:site_name' content='Kestrel Post'>"
    assert article(described).alternatives["excerpt"] == "meta.description Owls are back."
    assert article(described).alternatives["providerName"] == "og.site_name Kestrel Post"
    assert not {"excerpt", "providerName"} & article().alternatives.keys()
    assert alternatives["images"] == "og.image https://www.kestrel.example/second.jpg"
    assert "title" not in alternatives


def test_a_text_that_was_not_chosen_is_kept_by_its_length_and_its_beginning() -> None:
    node = json.dumps({**NODE, "articleBody": "Wardens have counted owls all winter. " * 3})
    found = article(HEAD + f"<script type='application/ld+json'>{node}</script>").alternatives
    assert found["text"] == "jsonld.articleBody 18 words: " + ("Wardens have counted owls all winter. " * 3)[:80]
    assert "text" not in article().alternatives


def test_the_text_of_the_page_is_kept_where_the_publishers_own_is_taken() -> None:
    node = json.dumps({**NODE, "articleBody": f"{PROSE} " * 9})
    found = article(f"<script type='application/ld+json'>{node}</script><title>Owls return to the city</title>", f"<p>{PROSE[:150]}</p>")
    assert found.provenance["text"] == "jsonld.articleBody"
    assert found.alternatives["text"] == f"container {len(PROSE[:150].split())} words: {PROSE[:80]}"


def test_a_text_with_the_same_beginning_is_no_alternative() -> None:
    node = json.dumps({**NODE, "articleBody": f"{PROSE}\n{PROSE}\n{PROSE}"})
    assert "text" not in article(f"<script type='application/ld+json'>{node}</script><title>Owls return to the city</title>").alternatives


def test_keywords_and_types_that_were_not_chosen_are_kept() -> None:
    head = HEAD + "<meta name=news_keywords content='wardens, owls'><meta name=keywords content='Cities, owls'>"
    found = article(head + "<meta property='og:type' content='video.other'>")
    assert found.provenance["keywords"] == "jsonld.keywords"
    assert found.alternatives["keywords"] == "meta.news_keywords wardens, owls"
    assert (found.type, found.provenance["type"], found.alternatives["type"]) == ("video", "og.type", "jsonld.type NewsArticle")


def test_the_type_of_an_article_has_a_source_too() -> None:
    assert article(HEAD + "<meta property='og:type' content='article'>").provenance["type"] == "og.type"
    assert article().provenance["type"] == "jsonld.type"
    plain = article("<title>Owls return to the city</title><meta property='og:type' content='website'>")
    assert "type" not in plain.provenance
    assert "type" not in plain.alternatives


def test_keywords_written_as_a_list_of_a_program_are_words() -> None:
    head = '<title>Owls return to the city</title><meta name=keywords content=\'["owls", "birds"]\'>'
    assert article(head).keywords == ("owls", "birds")
    assert article("<title>Owls return to the city</title><meta name=keywords content='iPad Pro 11\", birds'>").keywords == (
        'iPad Pro 11"',
        "birds",
    )

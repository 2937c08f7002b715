"""When an article was published."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import htmldate.extractors
import lxml.etree
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.models import Entry, Moment
from pipeline.extraction.dates.publication_dates import modified, published, url_date
from pipeline.extraction.pages import Page, read_page
from pipeline.text.dates.parsing import DateStyle, find_moment, read_moment

AT = datetime(2026, 10, 1, 12, tzinfo=UTC)


def page(head: str = "", body: str = "<p>x</p>", *, url: str = "https://www.kestrel.example/story", lang: str = "en") -> Page:
    html = f"<!doctype html><html lang='{lang}'><head>{head}</head><body>{body}</body></html>"
    return read_page(html.encode(), url=url, content_type="text/html")


def article(**fields: object) -> str:
    return f"<script type='application/ld+json'>{json.dumps({'@type': 'NewsArticle', 'headline': 'x', **fields})}</script>"


def found(page: Page, entry: Entry | None = None) -> tuple[str, str, str] | None:
    dated = published(page, entry, at=AT, language="en")
    return (dated.moment.value.isoformat(), dated.moment.precision, dated.source) if dated else None


def entry(moment: Moment | None = None) -> Entry:
    return Entry(url="https://www.kestrel.example/story", source_id=None, via="feed", published=moment)


@pytest.mark.parametrize(
    ("text", "value", "precision"),
    [
        ("2021-03-08T17:25:00Z", "2021-03-08T17:25:00+00:00", "second"),
        ("2021-03-08T17:25:00.123+02:00", "2021-03-08T15:25:00+00:00", "second"),
        ("2021-03-08T17:25:00+0530", "2021-03-08T11:55:00+00:00", "second"),
        ("2021-03-08T17:25-05:00", "2021-03-08T22:25:00+00:00", "minute"),
        ("2021-03-08 17:25:10", "2021-03-08T17:25:10+00:00", "second"),
        ("20210308T172500Z", "2021-03-08T17:25:00+00:00", "second"),
        ("2021-03-08", "2021-03-08T00:00:00+00:00", "day"),
        ("2021-03-08T00:00:00+01:00", "2021-03-08T00:00:00+00:00", "day"),
        ("Mon, 08 Mar 2021 17:25:00 +0100", "2021-03-08T16:25:00+00:00", "second"),
        ("1615224300", "2021-03-08T17:25:00+00:00", "second"),
        ("1615224300000", "2021-03-08T17:25:00+00:00", "second"),
        ("March 8, 2021 5:25 pm EST", "2021-03-08T22:25:00+00:00", "minute"),
        ("8. März 2021, 17:25 Uhr", "2021-03-08T17:25:00+00:00", "minute"),
        ("08.03.2021 17:25", "2021-03-08T17:25:00+00:00", "minute"),
        ("8 de marzo de 2021", "2021-03-08T00:00:00+00:00", "day"),
        ("le 8 mars 2021 à 17h25", "2021-03-08T17:25:00+00:00", "minute"),
        ("8 марта 2021", "2021-03-08T00:00:00+00:00", "day"),
        ("2021年3月8日", "2021-03-08T00:00:00+00:00", "day"),
        ("8 stycznia 2021", "2021-01-08T00:00:00+00:00", "day"),
    ],
)
def test_a_moment_is_read_as_publishers_write_it(text: str, value: str, precision: str) -> None:
    moment = read_moment(text)
    assert moment is not None
    assert (moment.value.isoformat(), moment.precision) == (value, precision)


@pytest.mark.parametrize(
    "text", ["", "today", "yesterday at 5", "2021", "March 2021", "99.99.2021", "0000-00-00", "12:30", "2021-13-45T00:00:00Z"]
)
def test_what_states_no_day_is_no_moment(text: str) -> None:
    assert read_moment(text) is None


def test_the_order_of_day_and_month_is_that_of_the_page() -> None:
    assert str(read_moment("03/04/2021").value.date()) == "2021-04-03"  # type: ignore[union-attr]
    assert str(read_moment("03/04/2021", DateStyle(day_first=False)).value.date()) == "2021-03-04"  # type: ignore[union-attr]


@pytest.fixture(scope="module", autouse=True)
def _months_of_all_languages() -> None:
    """They are read here, because that takes longer than Hypothesis allows for an example."""
    find_moment("1 word 2021")


@given(st.text(max_size=150))
def test_no_text_raises(text: str) -> None:
    for moment in (read_moment(text), find_moment(text)):
        assert moment is None or moment.value.utcoffset() is not None


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("https://a.example/2021/03/08/story", "2021-03-08"),
        ("https://a.example/2021-03-08-story.html", "2021-03-08"),
        ("https://a.example/20210308/x", "2021-03-08"),
        ("https://a.example/2021/3/8/x", "2021-03-08"),
        ("https://a.example/2021/13/08/x", None),
        ("https://a.example/article/20210399123", None),
        ("https://a.example/?d=2021-03-08", None),
    ],
)
def test_the_day_in_a_url(url: str, day: str | None) -> None:
    moment = url_date(url)
    assert (str(moment.value.date()) if moment else None) == day


def test_json_ld_comes_first_and_keeps_its_zone_as_utc() -> None:
    head = article(datePublished="2026-09-30T23:30:00-02:00") + "<meta property='article:published_time' content='2026-09-01T00:00:00Z'>"
    assert found(page(head)) == ("2026-10-01T01:30:00+00:00", "second", "jsonld.datePublished")


def test_a_change_is_not_passed_off_as_the_publication() -> None:
    head = article(dateModified="2026-09-30T10:00:00Z") + "<meta property='article:published_time' content='2026-09-01T08:00:00Z'>"
    read = page(head)
    assert found(read) == ("2026-09-01T08:00:00+00:00", "second", "meta.article:published_time")
    changed = modified(read, None, at=AT, language="en")
    assert changed is not None
    assert (changed.moment.value.isoformat(), changed.source) == ("2026-09-30T10:00:00+00:00", "jsonld.dateModified")


def test_a_date_in_the_future_is_not_believed() -> None:
    head = article(datePublished="2026-10-03T12:00:01Z") + "<meta name='pubdate' content='2026-09-30T12:00:00Z'>"
    assert found(page(head)) == ("2026-09-30T12:00:00+00:00", "second", "meta.pubdate")
    assert found(page(article(datePublished="2027-01-01T00:00:00Z"))) is None


@pytest.mark.parametrize("stated", ["2026-10-06T09:00:00+01:00", "2026-11-05T09:00:00Z", "2026-10-04"])
def test_where_a_day_ahead_is_stated_none_is_made_up_from_the_texts(stated: str) -> None:
    texts = f"<h1>Owls</h1><p>{PROSE}</p><p>1 September 2026</p><p>The hearing began on 12 March 2026.</p>"
    for head in (article(datePublished=stated), f"<meta property='article:published_time' content='{stated}'>"):
        assert (found(page(head, "<p>A vote on 3 September 2026 failed.</p>")) or ("", "", ""))[2] not in {"page.text", "htmldate"}
        assert found(page(head, texts.replace("<h1>", "<h2>").replace("</h1>", "</h2>"))) is None


def test_a_clock_a_little_ahead_is_believed() -> None:
    assert found(page(article(datePublished="2026-10-02T11:00:00Z"))) is not None


def test_the_feed_completes_a_bare_day_of_the_page() -> None:
    moment = Moment(datetime(2026, 9, 30, 7, 15, tzinfo=UTC), "second")
    assert found(page(article(datePublished="2026-09-30")), entry(moment)) == ("2026-09-30T07:15:00+00:00", "second", "feed.published")


def test_the_feed_does_not_overrule_another_day_of_the_page() -> None:
    moment = Moment(datetime(2026, 9, 20, 7, 15, tzinfo=UTC), "second")
    assert found(page(article(datePublished="2026-09-30")), entry(moment)) == ("2026-09-30T00:00:00+00:00", "day", "jsonld.datePublished")


def test_the_url_counts_where_nothing_is_declared() -> None:
    assert found(page(url="https://www.kestrel.example/2026/09/28/story")) == ("2026-09-28T00:00:00+00:00", "day", "url")


def test_the_line_at_the_heading_counts_and_its_revision_does_not() -> None:
    body = "<h1>Title of the story</h1><p>Updated: 30 September 2026</p><p class=x>By Jane Roe, 28 September 2026</p><p>Prose.</p>"
    assert found(page(body=body)) == ("2026-09-28T00:00:00+00:00", "day", "page.dateline")


def test_a_time_among_comments_is_not_the_articles() -> None:
    comment = "<div class='comments'><time datetime='2020-01-02T03:04:05Z' class='published'>then</time></div>"
    assert found(page(body=f"<h1>Title</h1><p>1 September 2026</p>{comment}")) == ("2026-09-01T00:00:00+00:00", "day", "page.dateline")


def test_a_time_beside_the_heading_counts_although_the_column_around_both_is_called_a_sidebar() -> None:
    body = "<div class='content sidebar'><h1>Title</h1><time class='entry-date' datetime='2026-07-13T15:52:31+02:00'>July</time></div>"
    assert found(page(body=body)) == ("2026-07-13T13:52:31+00:00", "second", "page.time")


def test_an_id_that_names_the_date_and_the_comments_under_a_heading_is_the_articles_own() -> None:
    body = "<h1>Title</h1><div id='wp-comments-date'><span>28 September 2026</span> <a href='#c'>3 comments</a></div><p>Prose.</p>"
    assert found(page(body=body)) == ("2026-09-28T00:00:00+00:00", "day", "page.dateline")


def test_a_page_without_any_date_has_none() -> None:
    assert found(page(body="<h1>Title</h1><p>Nothing here says when.</p>")) is None


def test_a_years_copyright_is_no_date() -> None:
    assert found(page(body="<h1>Title</h1><p>Words of the story.</p><footer>© 2019 Kestrel</footer>")) is None


@pytest.mark.parametrize(
    ("stated", "url", "local_day"),
    [
        ("2023-11-08T22:28:35-05:00", "https://www.kestrel.example/story", "2023-11-08"),
        ("2023-11-09T03:28:35Z", "https://www.kestrel.example/2023/11/08/story", "2023-11-08"),
        ("2023-11-09T03:28:35Z", "https://www.kestrel.example/2023/11/02/story", None),
        ("2023-11-09T03:28:35Z", "https://www.kestrel.example/story", None),
    ],
)
def test_the_day_in_the_publishers_own_calendar_is_kept(stated: str, url: str, local_day: str | None) -> None:
    dated = published(page(article(datePublished=stated), url=url), None, at=AT, language="en")
    assert dated is not None
    assert dated.moment.value.isoformat() == "2023-11-09T03:28:35+00:00"
    assert dated.moment.local_day == (date.fromisoformat(local_day) if local_day else None)


def test_the_same_instant_in_another_zone_tells_the_local_day() -> None:
    head = article(datePublished="2023-11-09T03:28:35Z") + "<meta name=sailthru.date content='2023-11-08 22:28:35'>"
    dated = published(page(head), None, at=AT, language="en")
    assert dated is not None
    assert dated.moment.local_day == date(2023, 11, 8)


def test_a_script_that_names_one_day_dates_the_page() -> None:
    body = "<script>var page = {publishedAt: '2021-03-08T17:25:10Z'};</script>"
    assert found(page(body=body)) == ("2021-03-08T17:25:10+00:00", "second", "page.script")
    other = "<script>x = {publishedAt: '2021-04-01T00:10:00Z'}</script>"
    assert (found(page(body=body + other)) or ("", "", ""))[2] != "page.script"


def test_a_date_of_another_article_is_not_the_datelines() -> None:
    assert found(page(body="<h1>Owls</h1><div class=related-story>8 March 2021</div><p>Monday, 9 March 2021</p>"))[0][:10] == "2021-03-09"  # type: ignore[index]


def test_a_year_of_two_digits_is_read_without_the_languages_of_dateparser() -> None:
    assert found(page(body="<p>Jan Kowal | 3 sty 12 06:15</p>")) == ("2012-01-03T00:00:00+00:00", "day", "htmldate")
    assert htmldate.extractors.get_external_parser.cache_info().currsize == 0


def test_a_script_dates_a_page_by_the_names_of_a_publication_only() -> None:
    sources = [
        (found(page(f"<script>var a = {{{name}: '2021-03-08T10:00:00Z'}}</script>")) or ("", "", ""))[2]
        for name in ("datePublished", "FIRST_PUBLISHED_AT", "republishDate")
    ]
    assert sources == ["page.script", "page.script", "htmldate"]


def test_finding_a_date_leaves_the_page_as_it_was() -> None:
    read = page(body="<h1>Owls</h1><svg><text>a</text></svg><label>b</label><p>Report of 3 sty 12 06:15</p>")
    before = lxml.etree.tostring(read.tree)
    found(read)
    assert lxml.etree.tostring(read.tree) == before


def test_a_front_has_no_date_but_one_that_it_declares() -> None:
    body = "<p>8 March 2021</p>"
    assert (found(page(body=body)) or ("", "", ""))[2] == "page.text"
    assert found(page(body=body, url="https://www.kestrel.example/#news")) is None
    assert found(page(body=body, url="https://www.kestrel.example/?p=3")) is not None
    head = article(datePublished="2021-03-09T10:00:00Z")
    assert found(page(head, body, url="https://www.kestrel.example/")) == ("2021-03-09T10:00:00+00:00", "second", "jsonld.datePublished")


def test_the_microformat_s_times_are_read_from_titles() -> None:
    updated = "<h1>Owls</h1><span class='updated' title='2013-04-04T18:52:11+00:00'></span><p>10 Nov 2013</p>"
    assert found(page(body=updated)) == ("2013-04-04T18:52:11+00:00", "second", "page.updated")
    published_too = updated + "<abbr class='x published y' title='2013-04-03T08:00:00+00:00'>yesterday</abbr>"
    assert found(page(body=published_too)) == ("2013-04-03T08:00:00+00:00", "second", "page.published")
    assert found(page(body=updated.replace("'updated'", "'unupdated'")))[2] == "page.dateline"  # type: ignore[index]


def test_a_press_release_is_dated_by_how_it_begins() -> None:
    text = "<div><a>13. November 2021</a></div><p>Karlsruhe, (12.11.2021). " + "The owls of the region gather. " * 6 + "</p>"
    assert found(page(body=text)) == ("2021-11-12T00:00:00+00:00", "day", "page.text")
    aside = text.replace("Karlsruhe, (12.11.2021). ", "The owls met (12.11.2021). ")
    assert (found(page(body=aside)) or ("",))[0][:10] == "2021-11-13"


def test_a_change_that_passes_for_the_publication_gives_way_to_the_feed_or_the_url() -> None:
    changed = "2022-01-06T09:00:00Z"
    head = f"<meta property=article:published_time content='{changed}'><meta property=article:modified_time content='{changed}'>"
    read = read_page(
        f"<html><head>{head}</head><body><p>x</p></body></html>".encode(), url="https://a.example/2021/12/20/x", content_type="text/html"
    )
    dated = published(read, None, at=AT, language="en")
    assert dated is not None
    assert (dated.moment.value.date().isoformat(), dated.source) == ("2021-12-20", "url")
    assert dated.others == (("meta.article:published_time", changed),)
    fed = Entry(url="https://a.example/x", source_id=None, via="feed", published=Moment(datetime(2021, 12, 21, 7, tzinfo=UTC), "second"))
    other = read_page(
        f"<html><head>{head}</head><body><p>x</p></body></html>".encode(), url="https://a.example/x", content_type="text/html"
    )
    assert published(other, fed, at=AT, language="en")[1] == "feed.published"  # type: ignore[index]


def test_two_against_one_outvote_the_structured_date_but_not_by_the_last_change() -> None:
    head = article(datePublished="2022-01-04T07:29:00Z") + "<meta property=article:published_time content='2022-01-06T08:29:34Z'>"
    line = "<h1>Owls</h1><p>06.01.2022</p>"
    assert found(page(head, line)) == ("2022-01-06T08:29:34+00:00", "second", "meta.article:published_time")
    assert found(page(head, "<h1>Owls</h1>")) == ("2022-01-04T07:29:00+00:00", "second", "jsonld.datePublished")
    assert found(page(head + "<meta property=article:modified_time content='2022-01-06T09:00:00Z'>", line))[2] == "jsonld.datePublished"  # type: ignore[index]


def test_a_time_element_is_believed_before_a_line_of_text() -> None:
    body = "<h1>Owls</h1><dl><dd>May 11, 2017</dd></dl><article><time datetime='2020-03-18T12:22:42-0400'>now</time></article>"
    assert found(page(body=body)) == ("2020-03-18T16:22:42+00:00", "second", "page.time")


def test_the_feed_s_time_in_utc_is_no_local_time() -> None:
    dated = published(page(url="https://www.kestrel.de/story"), entry(Moment(AT, "second")), at=AT, language="de")
    assert dated is not None
    assert dated.moment.value == AT


@pytest.mark.parametrize("stated", [1_790_755_200, 1_790_755_200_000, "1790755200"])
def test_a_date_in_json_ld_may_be_a_number_of_seconds(stated: object) -> None:
    assert found(page(article(datePublished=stated))) == ("2026-09-30T08:00:00+00:00", "second", "jsonld.datePublished")


PROSE = "The owls have come back to the parks of the city, and nobody knows why they stayed away for so long, said the warden. " * 2


def dated(body: str, head: str = "") -> tuple[str, str] | None:
    told = found(page(head, body))
    return told and (told[0][:10], told[2])


def test_the_line_is_looked_for_at_the_heading_that_names_the_page() -> None:
    head = "<title>The owls have come back</title>"
    logo = "<h1><a href='/'>Kestrel</a></h1><p>Tuesday, 8 December 2020</p>"
    menu = "".join(f"<a href='/{number}'>Section number {number}</a>" for number in range(20))
    assert dated(f"{logo}{menu}<h1>The owls have come back</h1><p>13 October 2020</p><p>{PROSE}</p>", head) == (
        "2020-10-13",
        "page.dateline",
    )
    assert dated(f"<h1> </h1>{menu}<h1>Owls</h1><p>13 October 2020</p><p>{PROSE}</p>") == ("2020-10-13", "page.dateline")


def test_a_line_before_the_heading_goes_before_one_far_behind_it() -> None:
    texts = "".join(f"<p>A line of the text, number {number}.</p>" for number in range(15))
    assert dated(f"<p>8 March 2019</p><h1>Owls</h1>{texts}<p>10 August 2022</p>") == ("2019-03-08", "page.dateline")
    near = "<div>1 May 2018<p>2 May 2018</p>3 May 2018<i>4 May 2018</i></div>"
    assert dated(f"{near}<section><h1>Owls</h1></section>{texts}") == ("2018-05-04", "page.dateline")
    assert dated(f"{near}5 May 2018 {'<p>A longer text</p>' * 5}<section><h1>Owls</h1></section>{texts}") == ("2018-05-05", "page.dateline")


def test_a_pages_own_entry_in_a_list_of_articles_dates_it() -> None:
    entries = "".join(f"<li><a href='/{day}'>Another story of day {day}</a><div>{day} February 2019</div></li>" for day in range(10, 18))
    own = "<li><a href='/story'>The owls have come back</a><div>8 August 2017</div></li>"
    body = f"<h2>The owls have come back</h2><ul>{entries}{own}</ul><p>{PROSE}</p><ul>{entries}</ul>"
    assert dated(body, "<title>The owls have come back</title>") == ("2017-08-08", "page.text")


def test_the_day_of_a_last_edit_is_none_of_publication() -> None:
    for line in (
        "<p>This page was last modified on 4 November 2020, at 19:23.</p>",
        "<div>page revision: 8, last edited: <b>17 Jun 2018</b></div>",
    ):
        assert dated(f"<h2>Owls</h2><p>{PROSE}</p>{line}") is None


def test_a_dateline_in_brackets_may_have_a_year_of_two_digits() -> None:
    assert dated(f"<h2>Owls</h2><div>( Pescasseroli, 14 gennaio 20 )<p>{PROSE}</p></div>") == ("2020-01-14", "page.text")


def test_a_line_that_names_the_publication_goes_before_times_of_others() -> None:
    body = (
        f"<h1>Owls</h1><p>Published on 29 June 2019</p><p>{PROSE}</p><ul><li><time datetime='2019-07-03T10:18:46Z'>3 July</time></li></ul>"
    )
    assert dated(body) == ("2019-06-29", "page.dateline")


def test_what_stands_before_a_revision_on_the_line_at_the_heading_is_read() -> None:
    assert dated(f"<h1>Owls</h1><p>January 19, 2020 / 12:25 PM / Updated 8 hours ago</p><p>{PROSE}</p>") == ("2020-01-19", "page.dateline")
    assert dated(f"<h1>Owls</h1><p>Updated January 20, 2020</p><p>{PROSE}</p>") != ("2020-01-20", "page.dateline")


def test_a_publication_that_is_the_last_change_gives_way_to_the_time_shown_the_day_before() -> None:
    stated = article(datePublished="2020-01-20T09:49:32Z", dateModified="2020-01-20T09:49:32Z")
    body = f"<h1>Owls</h1><p>January 19, 2020 / 12:25 PM</p><p>{PROSE}</p>"
    assert dated(body, stated) == ("2020-01-19", "page.dateline")
    assert dated(body.replace("January 19", "January 2"), stated) == ("2020-01-20", "jsonld.datePublished")
    unchanged = article(datePublished="2020-01-20T09:49:32Z", dateModified="2020-01-21T09:49:32Z")
    assert dated(body, unchanged) == ("2020-01-20", "jsonld.datePublished")


def test_a_weak_date_and_the_line_at_the_heading_outvote_a_marked_up_one() -> None:
    head = "<meta name='dcterms.date' content='2021-10-28T13:21:30+01:00'>"
    times = "<time itemprop='datePublished' datetime='2021-10-27T20:35:36+01:00'></time>"
    assert dated(f"<h1>Owls</h1><p>Berlin, 28.10.2021</p><p>{PROSE}</p>{times}", head) == ("2021-10-28", "meta.dcterms.date")
    assert dated(f"<h1>Owls</h1><p>{PROSE}</p>{times}", head) == ("2021-10-27", "page.datePublished")


def test_a_time_that_is_shown_at_the_heading_outvotes_a_bare_day() -> None:
    head = "<meta property='og:article:published_time' content='2022-01-15'>"
    body = f"<h1>Owls</h1><dl><dt>Date</dt><dd><time datetime='2022-01-25'>25.01.2022</time></dd></dl><p>{PROSE}</p>"
    assert dated(body, head) == ("2022-01-25", "page.time")
    assert dated(body.replace("25.01.2022", "today"), head) == ("2022-01-15", "meta.og:article:published_time")


@pytest.mark.parametrize(
    ("fields", "day"),
    [
        ({"datePublished": "2024-03-05T22:10:00Z", "coverageStartTime": "2024-03-05T08:00:00Z"}, "2024-03-05T08:00:00"),
        ({"datePublished": "2024-03-05T07:10:00Z", "coverageStartTime": "2024-03-06T08:00:00Z"}, "2024-03-05T07:10:00"),
        ({"coverageStartTime": "2024-03-05T08:00:00Z", "dateModified": "2024-03-05T22:10:00Z"}, "2024-03-05T08:00:00"),
        (
            {"liveBlogUpdate": [{"@type": "BlogPosting", "datePublished": f"2024-03-05T{hour}:00:00Z"} for hour in (21, 15, 9 + 1)]},
            "2024-03-05T10:00:00",
        ),
    ],
)
def test_a_live_blog_is_dated_by_its_start(fields: dict[str, object], day: str) -> None:
    dated = found(page(article(**{"@type": "LiveBlogPosting", **fields})))
    assert dated is not None
    assert day in " ".join(dated)

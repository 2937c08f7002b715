"""Law 5: stories. How good they are is measured on labelled sets; here stand the promises that must always hold."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from pipeline.core.catalogue import StoryConstants
from pipeline.stories import vectors, words
from pipeline.stories.average_linkage import LOOSE_FROM
from pipeline.stories.clustering import find_stories, find_story_links
from pipeline.stories.similarities import OTHER_WEEKDAY
from pipeline.stories.vectors import COMMON_ARTICLES

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

QUAKE = [
    ("Strong earthquake shakes northern Chile, tsunami warning issued", "A magnitude 7.1 earthquake struck off Iquique."),
    ("Chile earthquake: tsunami warning after magnitude 7.1 quake", "The earthquake struck near Iquique in northern Chile."),
    ("Tsunami warning as 7.1 earthquake strikes Chile", "People in Iquique fled to higher ground after the earthquake."),
]
MERGER = [
    ("Halvorsen to buy Brightwater for 12 billion dollars", "The shipping group Halvorsen agreed to buy Brightwater."),
    ("Halvorsen agrees 12 billion dollar takeover of Brightwater", "Brightwater shareholders welcomed the Halvorsen offer."),
]
OTHERS = [
    ("Museum reopens after ten years of repairs", "Visitors queued for hours on the first morning."),
    ("How bees find their way home in the dark", "A biologist followed three colonies for a summer."),
    ("Rail strike enters its second week", "Commuters turned to buses and bicycles."),
]


def table(*articles: tuple[str, str | None], hours: tuple[float, ...] = ()) -> pd.DataFrame:
    spread = hours or tuple(float(number) for number in range(len(articles)))
    return pd.DataFrame(
        {
            "webUrl": [f"https://site{number}.example/{len(title)}" for number, (title, _) in enumerate(articles)],
            "title": [title for title, _ in articles],
            "excerpt": None,
            "text": pd.Series([text for _, text in articles], dtype=object),
            "publishedDateTime": pd.to_datetime([NOON + timedelta(hours=hour) for hour in spread], utc=True),
            "providerDomain": "site.example",
            "language": "en",
        }
    )


def groups(stories: pd.DataFrame) -> set[frozenset[int]]:
    numbers = stories["webUrl"].str.extract(r"site(\d+)")[0].astype(int)
    together = stories.dropna(subset=["storyId"])
    return {frozenset(numbers[rows.index]) for _, rows in together.groupby("storyId")}


def test_articles_about_one_event_are_a_story_and_others_stand_alone() -> None:
    stories = find_stories(table(*QUAKE, *OTHERS, *MERGER))
    assert groups(stories) == {frozenset({0, 1, 2}), frozenset({6, 7})}
    assert list(stories.columns)[:3] == ["webUrl", "storyId", "duplicateOf"]
    assert stories["webUrl"].is_monotonic_increasing
    assert len(stories) == 8


def test_a_story_is_known_by_its_earliest_article() -> None:
    articles = table(*QUAKE, hours=(5, 1, 1))
    first = min(articles["webUrl"][1:])
    ids = set(find_stories(articles)["storyId"])
    assert ids == {hashlib.sha256(first.encode()).hexdigest()[:16]}


def test_links_are_all_pairs_of_each_story_with_their_similarity() -> None:
    stories, links = find_story_links(table(*QUAKE, *OTHERS, *MERGER))
    story_of = dict(zip(stories["webUrl"], stories["storyId"], strict=True))
    assert len(links) == 3 + 1
    assert (links["webUrl"] < links["otherUrl"]).all()
    assert links["similarity"].between(0.1, 1).all()
    assert all(story_of[one] == story_of[two] for one, two in zip(links["webUrl"], links["otherUrl"], strict=True))
    assert_frame_equal(links, links.sort_values(["webUrl", "otherUrl"], ignore_index=True))


def test_the_same_text_further_apart_than_the_window_is_another_story() -> None:
    week = 168.0
    assert groups(find_stories(table(QUAKE[0], QUAKE[0], hours=(0, week)))) == {frozenset({0, 1})}
    assert groups(find_stories(table(QUAKE[0], QUAKE[0], hours=(0, week + 0.01)))) == set()


def test_a_story_told_day_after_day_does_not_chain_past_the_window() -> None:
    stories = find_stories(table(*[QUAKE[0]] * 10, hours=tuple(24.0 * day for day in range(10))))
    assert max(len(group) for group in groups(stories)) <= 8
    assert all(max(group) - min(group) <= 7 for group in groups(stories))


def test_the_window_is_a_setting() -> None:
    articles = table(QUAKE[0], QUAKE[0], hours=(0, 30))
    assert groups(find_stories(articles, constants=StoryConstants(windowHours=24))) == set()
    assert groups(find_stories(articles, constants=StoryConstants(windowHours=48))) == {frozenset({0, 1})}


def test_the_threshold_is_a_setting() -> None:
    articles = table(QUAKE[0], ("Chile quake repairs begin", "Builders came to Iquique."), *OTHERS)
    strict = groups(find_stories(articles, constants=StoryConstants(threshold=0.9)))
    loose = groups(find_stories(articles, constants=StoryConstants(threshold=0.02)))
    assert strict == set()
    assert any({0, 1} <= group for group in loose)


def test_an_article_close_to_one_member_but_not_to_the_story_stays_out() -> None:
    bridge = ("Chile earthquake delays Halvorsen takeover of Brightwater", "Halvorsen offices in Iquique closed.")
    for group in groups(find_stories(table(*QUAKE, *MERGER, bridge))):
        assert not ({0, 1, 2} & group and {3, 4} & group)


def test_a_handful_of_articles_that_share_only_everyday_words_is_not_glued() -> None:
    unrelated = [
        ("Parliament votes on new budget", "Members of the coalition said late on Monday that spending on schools will rise."),
        ("Airline opens new route to Lisbon", "The carrier said on Monday that two flights a day will leave from Oslo."),
        ("Cities meet for climate summit", "Mayors of forty cities said on Monday they will plant a million trees."),
        ("New stadium opens its gates", "Fans queued late on Monday for the first match, the club said."),
    ]
    assert groups(find_stories(table(*unrelated))) == set()


def test_articles_that_name_different_weekdays_tell_of_different_days() -> None:
    jobs = [
        ("Employers add 235,000 jobs in Norland", "Employers in Norland added 235,000 jobs, the labour office said on {}."),
        (
            "Norland hiring disappoints with 235,000 jobs",
            "Hiring disappointed: employers of Norland added 235,000 jobs, it was said on {}.",
        ),
    ]

    def similarity(*days: str) -> float:
        articles = table(*[(title, text.format(day)) for (title, text), day in zip(jobs, days, strict=True)])
        _, links = find_story_links(articles, constants=StoryConstants(threshold=0.01))
        (found,) = links["similarity"]
        return float(found)

    assert similarity("Friday", "Tuesday") == pytest.approx(OTHER_WEEKDAY * similarity("Friday", "Friday"), rel=0.05)
    assert similarity("Friday", "Tuesday and Friday") > similarity("Friday", "Tuesday")
    assert similarity("Freitag", "vendredi") > similarity("Freitag", "mardi")


def test_a_large_story_holds_together() -> None:
    stories = find_stories(table(*QUAKE * (LOOSE_FROM + 2), *OTHERS))
    assert [len(group) for group in groups(stories)] == [3 * (LOOSE_FROM + 2)]


def test_words_of_most_articles_link_nothing() -> None:
    boilerplate = "Subscribe to our newsletter for more stories like this one"
    numbers = range(COMMON_ARTICLES + 20)
    articles = table(*[(f"Word{number} thing{number} place{number}", boilerplate) for number in numbers])
    assert groups(find_stories(articles)) == set()


@pytest.mark.parametrize("titles", [[], ["Alone"], ["", ""], ["!", "?"], ["a", "the"], ["地震", "地震"]])
def test_small_and_empty_tables_have_an_answer(titles: list[str]) -> None:
    stories, links = find_story_links(table(*[(title, None) for title in titles]))
    assert len(stories) == len(titles)
    assert list(links.columns) == ["webUrl", "otherUrl", "similarity"]
    untyped = pd.DataFrame(columns=table().columns)
    assert find_stories(untyped).empty


def test_an_article_without_a_date_stands_alone() -> None:
    articles = table(*QUAKE)
    articles.loc[1, "publishedDateTime"] = pd.NaT
    assert groups(find_stories(articles)) == {frozenset({0, 2})}


def test_the_argument_is_not_changed() -> None:
    articles = table(*QUAKE, *OTHERS).sample(frac=1, random_state=3)
    before = articles.copy(deep=True)
    find_stories(articles)
    assert_frame_equal(articles, before)


vocabulary = ["quake", "chile", "tsunami", "merger", "shares", "bees", "strike", "rail", "museum", "vote"]
titles = st.lists(st.sampled_from(vocabulary), min_size=1, max_size=5)
tables = st.lists(st.tuples(titles.map(" ".join), st.none() | titles.map(" ".join), st.floats(0, 400)), max_size=25)


@given(tables, st.randoms(use_true_random=False), st.sampled_from([0.0, 0.1, 0.17, 0.5]))
@settings(deadline=None, max_examples=60)
def test_row_order_does_not_matter_and_no_story_spans_more_than_the_window(
    rows: list[tuple[str, str | None, float]], random: object, threshold: float
) -> None:
    articles = table(*[(title, text) for title, text, _ in rows], hours=tuple(hour for _, _, hour in rows))
    order = list(range(len(articles)))
    random.shuffle(order)  # type: ignore[attr-defined]
    constants = StoryConstants(windowHours=100, threshold=threshold)
    stories, links = find_story_links(articles, constants=constants)
    shuffled = find_story_links(articles.iloc[order], constants=constants)
    assert_frame_equal(stories, shuffled[0])
    assert_frame_equal(links, shuffled[1])
    assert set(stories["webUrl"]) == set(articles["webUrl"])
    published = articles.set_index("webUrl")["publishedDateTime"]
    for _, members in stories.dropna(subset=["storyId"]).groupby("storyId"):
        assert len(members) > 1
        times = published[members["webUrl"]]
        assert times.max() - times.min() <= timedelta(hours=100)


@given(tables, st.lists(st.sampled_from(["волк", "ζέφυρος", "qqxz", "jjwvk", "ошыбка"]), min_size=1, max_size=4), st.floats(0, 400))
@settings(deadline=None, max_examples=60)
def test_an_unrelated_article_changes_no_story(rows: list[tuple[str, str | None, float]], words: list[str], hour: float) -> None:
    hours = tuple(hour for _, _, hour in rows)
    before = find_stories(table(*[(title, text) for title, text, _ in rows], hours=hours))
    more = table(*[(title, text) for title, text, _ in rows], (" ".join(words), None), hours=(*hours, hour))
    after = find_stories(more).set_index("webUrl")
    new = f"https://site{len(rows)}.example/{len(' '.join(words))}"
    assert after.loc[new, "storyId"] is None
    assert_frame_equal(after.drop(index=new).reset_index(), before)


@pytest.mark.parametrize(("threads", "rows", "pairs"), [(1, 1, 1), (2, 3, 2), (5, 4, 7)])
def test_threads_and_blocks_of_any_number_give_the_same_stories(
    monkeypatch: pytest.MonkeyPatch, threads: int, rows: int, pairs: int
) -> None:
    articles = table(*QUAKE, *OTHERS, *MERGER, *QUAKE[:2])
    stories, links = find_story_links(articles)
    for name, value in {"BLOCK_ROWS": rows, "BLOCK_PAIRS": pairs}.items():
        monkeypatch.setattr(vectors, name, value)
    monkeypatch.setattr(words, "THREADS", threads)
    other_stories, other_links = find_story_links(articles)
    assert_frame_equal(stories, other_stories)
    assert_frame_equal(links, other_links)

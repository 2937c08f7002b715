"""Law 4: topics and keyword hits of titles."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.catalogue import Keyword, Topic
from pipeline.publishing.scoring.topics import TopicMatch, TopicMatcher

VOCABULARY = [
    Topic(name="AI", keywords=("artificial intelligence", "ai")),
    Topic(name="Computer Vision", parent="AI", keywords=("computer vision", "facial recognition")),
    Topic(name="AI Ethics", parent="AI", keywords=("ethics",)),
    Topic(name="AI in Autos", parent="AI", keywords=("self driving", "self-driving", "Waymo")),
    Topic(name="Google AI", parent="AI", keywords=("tensorflow",)),
    Topic(name="TensorFlow", parent="Google AI", keywords=("tensorflow",)),
    Topic(name="Technology", keywords=("technology", "C++", ".NET", "café", "straße", "人工智能", "hindī", "हिंदी")),
    Topic(name="Gadgets", parent="Technology", keywords=("phone", "technology")),
    Topic(name="Quiet", keywords=()),
]
WORDS = TopicMatcher(VOCABULARY, match="words")
SUBSTRING = TopicMatcher(VOCABULARY, match="substring")


def topics(title: str, root: str | None = None, vocabulary: tuple[str, ...] = ()) -> tuple[str, ...]:
    return WORDS.topics_of(title, root=root, vocabulary=vocabulary).topics


def test_the_seeds_title_has_the_seeds_topics_and_one_hit() -> None:
    title = "Chinese lawmakers consider more facial recognition restrictions"
    assert WORDS.topics_of(title, root="Computer Vision", vocabulary=["AI"]) == TopicMatch(
        topics=("Computer Vision", "AI"), hits=(("Computer Vision", "facial recognition"),)
    )


def test_a_title_without_keywords_has_the_sources_topic_and_its_parents() -> None:
    assert WORDS.topics_of("Nothing of note", root="TensorFlow") == TopicMatch(("TensorFlow", "Google AI", "AI"), ())
    assert WORDS.topics_of("Nothing of note", root=None) == TopicMatch((), ())
    assert topics("Nothing of note", "Quiet") == ("Quiet",)


@pytest.mark.parametrize(
    ("title", "root", "expected"),
    [
        ("Ethics of facial recognition", None, ("AI Ethics", "Computer Vision", "AI")),
        ("Facial recognition and its ethics", None, ("Computer Vision", "AI Ethics", "AI")),
        ("AI ethics", None, ("AI Ethics", "AI")),
        ("AI ethics", "AI", ("AI Ethics", "AI")),
        ("Ethics", "Computer Vision", ("AI Ethics", "Computer Vision", "AI")),
        ("Ethics", "Technology", ("AI Ethics", "AI", "Technology")),
        ("Technology and ethics", "Technology", ("Gadgets", "Technology", "AI Ethics", "AI")),
        ("TensorFlow for self-driving", "AI", ("TensorFlow", "Google AI", "AI in Autos", "AI")),
    ],
)
def test_topics_stand_in_order_of_position_each_before_its_parents(title: str, root: str | None, expected: tuple[str, ...]) -> None:
    assert topics(title, root) == expected


def test_the_vocabulary_limits_what_is_looked_for_but_not_the_sources_own_topic() -> None:
    title = "Technology meets ethics"
    assert topics(title, vocabulary=("AI",)) == ("AI Ethics", "AI")
    assert topics(title, vocabulary=("Technology",)) == ("Gadgets", "Technology")
    limited = WORDS.topics_of(title, root="Technology", vocabulary=["AI"])
    assert limited.topics == ("AI Ethics", "AI", "Technology")
    assert limited.hits == (("Technology", "technology"), ("AI Ethics", "ethics"))


def test_hits_are_those_of_parents_and_the_sources_own_topic_too() -> None:
    match = WORDS.topics_of("Ethics of AI, a technology", root="Technology")
    assert match.hits == (
        ("AI Ethics", "ethics"),
        ("AI", "ai"),
        ("Gadgets", "technology"),
        ("Technology", "technology"),
    )


def test_a_keyword_of_two_topics_counts_for_both_and_one_listed_twice_once() -> None:
    assert WORDS.topics_of("TensorFlow", root=None).hits == (("TensorFlow", "tensorflow"), ("Google AI", "tensorflow"))
    assert WORDS.topics_of("self driving self-driving", root=None).hits == (("AI in Autos", "self driving"),)


@pytest.mark.parametrize(
    "title",
    [
        "Self driving cars",
        "SELF-DRIVING cars",
        "a self\u2011driving car",
        "self \u2013 driving",
        "self\u00a0driving",
        "Is “self-driving” legal?",
        "WAYMO's plan",
        "Waymo’s plan",
        "(Waymo)",
    ],
)
def test_words_are_found_whatever_their_case_hyphens_and_neighbours(title: str) -> None:
    assert topics(title) == ("AI in Autos", "AI")


@pytest.mark.parametrize("title", ["Brain drain in Dubai", "AIDS", "AI_4", "bioethics", "Waymos", "selfdriving", "phones"])
def test_parts_of_words_are_not_found(title: str) -> None:
    assert topics(title) == ()


@pytest.mark.parametrize(
    "title", ["Why C++ lasts", "A .NET update", "Le Cafe\u0301", "STRASSE gesperrt", "中国人工智能企业", "ｔｅｃｈｎｏｌｏｇｙ", "हिंदी में"]
)
def test_words_are_words_in_any_script(title: str) -> None:
    assert topics(title)[-1] == "Technology"


def test_a_vowel_sign_does_not_end_a_word() -> None:
    assert topics("हिंदीा") == ()


def test_substring_finds_keywords_inside_of_words_and_keeps_hyphens() -> None:
    assert SUBSTRING.topics_of("Brain", root=None) == TopicMatch(("AI",), (("AI", "ai"),))
    assert SUBSTRING.topics_of("Self-Driving", root=None).hits == (("AI in Autos", "self-driving"),)
    assert len(SUBSTRING.topics_of("self driving, self-driving", root=None).hits) == 2


@pytest.mark.parametrize(
    ("language", "found"), [("en", ("AI", "Machines")), ("it", ("Machines",)), ("de", ("AI", "Machines")), (None, ("AI", "Machines"))]
)
def test_a_keyword_counts_in_its_languages_only_and_in_titles_of_an_unknown_one(language: str | None, found: tuple[str, ...]) -> None:
    vocabulary = [Topic(name="AI", keywords={"en de": ["ai"]}), Topic(name="Machines", keywords={"any": ["gpu"]})]
    matcher = TopicMatcher(vocabulary, match="words")
    assert matcher.topics_of("AI GPU", root=None, language=language).topics == found


def test_hits_can_be_asked_for_given_topics_alone() -> None:
    assert SUBSTRING.hits_of("Ethics of AI", ["AI", "Unknown"]) == (("AI", "ai"),)


NAMES = {topic.name: topic.parent for topic in VOCABULARY}
titles = st.lists(st.sampled_from([keyword.text for topic in VOCABULARY for keyword in topic.keywords]) | st.text(max_size=5)).map(" ".join)


@given(titles, st.none() | st.sampled_from(sorted(NAMES)), st.sampled_from([(), ("AI",), ("Technology", "Quiet")]))
@settings(deadline=None)
def test_no_topic_stands_twice_or_behind_its_parent_and_none_lacks_its_parents(
    title: str, root: str | None, vocabulary: tuple[str, ...]
) -> None:
    for matcher in (WORDS, SUBSTRING):
        match = matcher.topics_of(title, root=root, vocabulary=vocabulary)
        assert len(set(match.topics)) == len(match.topics)
        for place, topic in enumerate(match.topics):
            parent = NAMES[topic]
            assert parent is None or parent in match.topics[place + 1 :]
        assert root is None or root in match.topics
        assert {topic for topic, _ in match.hits} <= set(match.topics)
        assert len(set(match.hits)) == len(match.hits)
        assert match.hits == matcher.hits_of(title, match.topics)


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("Fondi ai comuni montani: via libera del Senato", ()),
        ("Le maire a eu un accident grave", ()),
        ("Eu quero que o governo pague a obra da ponte", ()),
        ("New rules for AI and the EU in the spring", ("AI", "EU")),
    ],
)
def test_a_title_in_another_language_than_its_text_is_searched_for_the_words_of_its_own(title: str, found: tuple[str, ...]) -> None:
    english = ("en",)
    topics = [Topic(name=name, keywords=(Keyword(text=name.lower(), languages=english),)) for name in ("AI", "EU")]
    assert TopicMatcher(topics, match="words").topics_of(title, root=None, language="en").topics == found

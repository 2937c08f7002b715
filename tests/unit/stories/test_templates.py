"""Articles of one publisher's template are one story only where what differs between them is the same."""

from __future__ import annotations

import pandas as pd

from pipeline.stories.clustering import find_stories
from pipeline.stories.templates import REPEATED

PLACES = {
    "Kelso": ("0210", "north", "12"),
    "Ostra": ("0711", "southwest", "31"),
    "Ashby": ("1312", "east", "80"),
    "Dunmore": ("1913", "south", "22"),
    "Perrin": ("2104", "west", "45"),
}


def note(place: str, at: str, direction: str, distance: str) -> tuple[str, str]:
    """Title and text of an automatic note on a quake."""
    text = (
        f"An earthquake was reported near {place} at {at} on Tuesday, according to the geological survey. It hit {distance} kilometres "
        f"{direction} of {place}. The magnitude, epicentre and depth might be revised within the next few hours as seismologists review "
        "the data. Weak shaking may have been felt by people in the area. There were no immediate reports of damage or injuries."
    )
    return f"Weak earthquake strikes near {place}", text


def table(*articles: tuple[str, str], domains: list[str] | None = None) -> pd.DataFrame:
    """The articles at one publisher, or at `domains`, an hour apart."""
    names = domains or ["quakes.example"] * len(articles)
    return pd.DataFrame(
        {
            "webUrl": [f"https://{domain}/{number}" for number, domain in enumerate(names)],
            "title": [title for title, _ in articles],
            "text": [text for _, text in articles],
            "publishedDateTime": pd.date_range("2026-11-20", periods=len(articles), freq="h", tz="UTC"),
            "providerDomain": names,
        }
    )


NOTES = [note(place, *given) for place, given in PLACES.items()]


def test_notes_from_one_template_about_different_events_are_no_story() -> None:
    assert find_stories(table(*NOTES))["storyId"].isna().all()


def test_a_title_with_another_name_is_about_another_thing_even_where_the_rest_is_drawn_alike() -> None:
    signs = [note(sign, "0500", "north", "12") for sign in ("Aries", "Taurus", "Gemini", "Cancer")]
    assert find_stories(table(*signs))["storyId"].isna().all()


def test_the_same_note_twice_is_a_story_of_a_note_and_its_copy() -> None:
    found = find_stories(table(*NOTES, NOTES[0]))
    members = found[found["storyId"].notna()]
    assert sorted(members["webUrl"]) == ["https://quakes.example/0", "https://quakes.example/5"]
    assert members["duplicateMethod"].dropna().tolist() == ["text"]


def test_what_few_articles_share_is_no_template() -> None:
    assert find_stories(table(*NOTES[: REPEATED - 1]))["storyId"].nunique() == 1


def test_notes_of_different_publishers_are_compared_as_ever() -> None:
    domains = [f"paper{number}.example" for number in range(len(NOTES))]
    assert find_stories(table(*NOTES, domains=domains))["storyId"].nunique() == 1


def test_a_story_that_grows_at_its_publisher_stays_one() -> None:
    """Each version keeps the text of the one before it and adds a sentence, so none has words of its own that a later one lacks."""
    title, text = NOTES[0]
    added = ["Schools stay closed.", "Trains run again.", "Bridges were inspected.", "Engineers found cracks."]
    versions = [(title, " ".join([text, *added[:number]])) for number in range(len(added) + 1)]
    assert find_stories(table(*versions))["storyId"].nunique() == 1

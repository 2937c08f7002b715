"""Ten questions that analysts ask of a lake, each as a query over the views. Pure.

docs/analysts.md shows them. "The last week" ends with the newest published date of the lake, so that no answer changes with the clock.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.core.errors import PermanentError
from pipeline.publishing.exports.charts import Chart


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its name for `news sql --question`, the query that answers it, and the picture of the answer."""

    name: str
    text: str
    query: str
    chart: Chart


QUESTIONS = (
    Question(
        "hottest",
        "What were the hottest stories of the last week?",
        """
select leadHeat, quality, publishedDateTime, providerName, len(related) as relatedArticles, title, webUrl
from articles
where published_date > (select max(published_date) from articles) - 7 and leadHeat is not null
order by leadHeat desc, quality desc, publishedDateTime, webUrl
limit 10""",
        Chart(("title",), ("leadHeat", "quality")),
    ),
    Question(
        "days",
        "How many articles does a day have, how many were published, and how many stand behind another?",
        """
select published_date, count(*) as articles, count(*) filter (published) as published,
  count(*) filter (leadHeat is null) as behindAnother, round(avg(quality), 1) as meanQuality
from articles
group by published_date
order by published_date""",
        Chart(("published_date",), ("articles", "published", "behindAnother")),
    ),
    Question(
        "topics",
        "Which topics are written about more than in the week before?",
        """
with counted as (
  select unnest(topics) as topic, published_date > (select max(published_date) from articles) - 7 as isLastWeek
  from articles
  where published_date > (select max(published_date) from articles) - 14
)
select topic, count(*) filter (isLastWeek) as lastWeek, count(*) filter (not isLastWeek) as weekBefore, lastWeek - weekBefore as more
from counted
group by topic
order by more desc, topic""",
        Chart(("topic",), ("lastWeek", "weekBefore")),
    ),
    Question(
        "first",
        "Who reports a story first?",
        """
with ordered as (
  select providerName, row_number() over (partition by storyId order by publishedDateTime, webUrl) as place
  from pages
  where storyId is not null
)
select providerName, count(*) as articlesInStories, count(*) filter (place = 1) as first, round(first / articlesInStories, 2) as shareFirst
from ordered
group by providerName
order by first desc, providerName""",
        Chart(("providerName",), ("articlesInStories", "first")),
    ),
    Question(
        "stories",
        "Which stories were the largest, how long did they run, and who led them?",
        """
select storyId, count(*) as articles, count(distinct providerDomain) as publishers, min(publishedDateTime) as began,
  date_diff('hour', min(publishedDateTime), max(publishedDateTime)) as hours, arg_max(title, quality) as title
from pages
where storyId is not null
group by storyId
order by articles desc, began, storyId
limit 20""",
        Chart(("title",), ("articles", "hours")),
    ),
    Question(
        "copies",
        "Who copies whom?",
        """
select copy.providerName as copied, original.providerName as copiedFrom, count(*) as articles
from pages copy join pages original on original.webUrl = copy.duplicateOf
group by all
order by articles desc, copied, copiedFrom""",
        Chart(("copied", "copiedFrom"), ("articles",)),
    ),
    Question(
        "terms",
        "Where does a publisher's quality come from?",
        """
select a.providerName, count(*) as articles, round(avg(e.quality), 1) as quality, round(avg(e.qualityProvider), 1) as provider,
  round(avg(e.qualityImage), 1) as image, round(avg(e.qualityAmp), 1) as amp, round(avg(e.qualityTopics + e.qualityKeywords), 1) as topics,
  round(avg(e.qualityTitleLength), 1) as longTitle
from articles a join explain e using (published_date, webUrl)
group by a.providerName
order by articles desc, a.providerName""",
        Chart(("providerName",), ("provider", "image", "topics")),
    ),
    Question(
        "delays",
        "How long does it take from publication to capture?",
        """
select sourceId, count(*) as articles, round(median(minutes)) as medianMinutes, round(quantile_cont(minutes, 0.9)) as ninetyPercent
from (
  select sourceId, date_diff('minute', publishedDateTime, capturedAt) as minutes
  from pages
  where publishedPrecision <> 'day' and sourceId is not null
)
group by sourceId
order by medianMinutes, sourceId""",
        Chart(("sourceId",), ("medianMinutes", "ninetyPercent")),
    ),
    Question(
        "outcomes",
        "What became of the pages that each source listed?",
        """
select sourceId, outcome, reason, count(*) as pages
from ledger
where kind = 'page'
group by all
order by sourceId nulls last, pages desc, outcome, reason""",
        Chart(("sourceId", "outcome", "reason"), ("pages",)),
    ),
    Question(
        "fields",
        "Whose pages lack authors, pictures, a time of day or a language?",
        """
select providerDomain, count(*) as pages, round(avg((len(authors) = 0)::int), 2) as withoutAuthors,
  round(avg((len(images) = 0)::int), 2) as withoutPicture, round(avg((publishedPrecision = 'day')::int), 2) as withoutTime,
  round(avg((language is null)::int), 2) as withoutLanguage, round(avg(length(text))) as meanCharacters
from pages
group by providerDomain
order by pages desc, providerDomain""",
        Chart(("providerDomain",), ("withoutAuthors", "withoutPicture", "withoutTime")),
    ),
)


def find_question(name: str) -> Question:
    """The question of that name, in any case. Raises PermanentError, naming all, when there is none."""
    found = next((question for question in QUESTIONS if question.name == name.casefold()), None)
    if found is None:
        raise PermanentError(f"no question is named {name!r}; there are: {', '.join(question.name for question in QUESTIONS)}")
    return found

"""The contract of every table: names, types, order, nullability, and what each column means.

`ARTICLES` is the seed's schema: its fields, in its order, nothing else. The data dictionary in docs/ is made from this module
(`python -m pipeline dictionary`), so the meaning of a column is written here and nowhere else.
"""

from __future__ import annotations

import pyarrow as pa

from pipeline.core.errors import SchemaError

TIMESTAMP = pa.timestamp("us", tz="UTC")
AS_OF = b"news.asOf"
"""The key in the metadata of `articles`, `explain` and `stories` for the newest capture that the build knew."""


def _field(name: str, type_: pa.DataType, meaning: str, *, null: bool = True) -> pa.Field:
    return pa.field(name, type_, nullable=null, metadata={"meaning": meaning})


PROVIDER = pa.struct([pa.field("name", pa.string()), pa.field("domain", pa.string())])
IMAGE = pa.struct(
    [
        pa.field("url", pa.string()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("isCached", pa.bool_()),
    ]
)
RELATED = pa.struct(
    [
        pa.field("title", pa.string()),
        pa.field("excerpt", pa.string()),
        pa.field("publishedDateTime", TIMESTAMP),
        pa.field("webUrl", pa.string()),
        pa.field("ampWebUrl", pa.string()),
        pa.field("cdnAmpWebUrl", pa.string()),
        pa.field("type", pa.string()),
        pa.field("provider", PROVIDER),
        pa.field("quality", pa.int32()),
        pa.field("images", pa.list_(IMAGE)),
    ]
)

WISH = pa.struct([pa.field("wish", pa.string()), pa.field("value", pa.string()), pa.field("place", pa.string()), pa.field("at", TIMESTAMP)])
RIGHTS = pa.struct(
    [
        pa.field("tdm", pa.string()),
        pa.field("tdmPolicy", pa.string()),
        pa.field("license", pa.string()),
        pa.field("wishes", pa.list_(WISH)),
    ]
)
CONFIDENCE = pa.struct([pa.field(name, pa.float64()) for name in ("title", "text", "published", "authors", "image", "article")])

ARTICLES = pa.schema(
    [
        _field("category", pa.string(), "always `news`", null=False),
        _field("title", pa.string(), "one line, entities decoded, mojibake repaired, site name removed", null=False),
        _field("excerpt", pa.string(), "one line of plain text, at most 350 characters, ends at a word"),
        _field(
            "publishedDateTime",
            TIMESTAMP,
            "when the publisher says it was published; midnight for a day without a time",
            null=False,
        ),
        _field("originalUrl", pa.string(), "the URL as it was discovered", null=False),
        _field("webUrl", pa.string(), "the canonical URL; unique in the table of a date", null=False),
        _field("ampWebUrl", pa.string(), "the page's own `link rel=amphtml`, absolute"),
        _field("cdnAmpWebUrl", pa.string(), "the AMP cache's URL of ampWebUrl; null exactly when ampWebUrl is"),
        _field("type", pa.string(), "`article` or `video`", null=False),
        _field(
            "quality", pa.int32(), "points for image, AMP page, provider, topics and more: the sum of the terms in `explain`", null=False
        ),
        _field(
            "heat",
            pa.int32(),
            "quality, raised for the lead of a story; -1 when another record stands for its story: leave -1 out of sums",
            null=False,
        ),
        _field(
            "published", pa.bool_(), "true when heat reaches `publishedHeat` and the URL is not in `removed` (scoring.yaml)", null=False
        ),
        _field("provider", PROVIDER, "the publisher's name and registered domain", null=False),
        _field(
            "topics",
            pa.list_(pa.string()),
            "in the order of their keywords in the title, each topic before its parents; the source's own last",
            null=False,
        ),
        _field(
            "images",
            pa.list_(IMAGE),
            "the lead image, with its sides in pixels; isCached: whether its bytes are in the lake",
            null=False,
        ),
        _field("related", pa.list_(RELATED), "the other members of its story, the highest quality first", null=False),
        _field("secured", pa.string(), "source, capture and digests, encrypted: base64(ciphertext);base64(IV); null without a key"),
    ]
)

EXPLAIN = pa.schema(
    [
        _field("webUrl", pa.string(), "key: the record in `articles` of the same date", null=False),
        _field("publishedDateTime", TIMESTAMP, "as in `articles`", null=False),
        _field("quality", pa.int32(), "the sum of the terms that follow, as in `articles`", null=False),
        _field("qualityImage", pa.int32(), "points for a lead image", null=False),
        _field("qualityAmp", pa.int32(), "points for an AMP page", null=False),
        _field(
            "qualityProvider",
            pa.int32(),
            "points of its provider list, or for the official source of one of its topics if these are more",
            null=False,
        ),
        _field("qualityTopics", pa.int32(), "points for topics", null=False),
        _field("qualityKeywords", pa.int32(), "points for keywords of its topics in the title", null=False),
        _field("qualityVideo", pa.int32(), "points for a video of the official source of one of its topics", null=False),
        _field("qualityTitleLength", pa.int32(), "points taken off for a long title: zero or negative", null=False),
        _field("qualityPromotion", pa.int32(), "editorial term: it advertises a market report or is a press release", null=False),
        _field("qualityClickbait", pa.int32(), "editorial term: its title promises or agitates", null=False),
        _field("qualityThin", pa.int32(), "editorial term: it has little text", null=False),
        _field("qualityStockPicture", pa.int32(), "editorial term: its lead image is a logo or a placeholder", null=False),
        _field("qualityCopied", pa.int32(), "editorial term: it copies an earlier article", null=False),
        _field("qualityReliability", pa.int32(), "editorial term: the provider's reliability in the operator's table", null=False),
        _field("qualityFloor", pa.int32(), "points that raise a negative sum to zero", null=False),
        _field(
            "keywords",
            pa.list_(pa.struct([pa.field("topic", pa.string()), pa.field("keyword", pa.string())])),
            "the keywords of its topics that occur in the title",
            null=False,
        ),
        _field("providerList", pa.string(), "the provider list that has its domain; null when none has"),
        _field("storyId", pa.string(), "id of its story; null for an article that stands alone"),
        _field("storySize", pa.int32(), "members of its story, copies included; 1 for an article that stands alone", null=False),
        _field("storyNewsrooms", pa.int32(), "registered domains with an article of the story that is no copy", null=False),
        _field(
            "absorbedStoryIds",
            pa.list_(pa.string()),
            "ids of stories that a later article joined to its story",
            null=False,
        ),
        _field(
            "splitFromStoryIds",
            pa.list_(pa.string()),
            "ids of the stories that it belonged to at the end of an earlier day of captures and that are no part of its story now",
            null=False,
        ),
        _field("duplicateOf", pa.string(), "webUrl of the earlier article of its story that it copies"),
        _field(
            "duplicateMethod",
            pa.string(),
            "how it copies: text (the same text), rewrite (a lightly changed text), title (the same title, where texts cannot decide)",
        ),
        _field("duplicateSimilarity", pa.float32(), "Jaccard similarity of both texts' runs of three words; 1 for equal titles"),
        _field("isLead", pa.bool_(), "true for the record that stands for its story, and for an article that stands alone", null=False),
        _field("leadUrl", pa.string(), "webUrl of the story's lead; null for an article that stands alone"),
        _field("heat", pa.int32(), "as in `articles`", null=False),
        _field("heatRelated", pa.int32(), "points that related articles added to the heat", null=False),
        _field(
            "links",
            pa.list_(pa.struct([pa.field("webUrl", pa.string()), pa.field("similarity", pa.float32())])),
            "the other members of its story in the order of `related`, each with the similarity to it",
            null=False,
        ),
        _field("sourceId", pa.string(), "the source that found it; null for an import from outside the catalogue"),
        _field("via", pa.string(), "how the URL was found: feed, sitemap, section, wayback, ccnews, warc", null=False),
        _field("capturedAt", TIMESTAMP, "when the page was captured", null=False),
        _field("captureFile", pa.string(), "path of the WARC file in the lake", null=False),
        _field("captureOffset", pa.int64(), "offset of the record in that file, in bytes", null=False),
        _field("payloadDigest", pa.string(), "sha256 of the decoded page", null=False),
        _field("vanishedAt", TIMESTAMP, "when a revisit found that the page is gone (404, 410); null while it is there"),
    ]
)

EXTRACTED = pa.schema(
    [
        _field("originalUrl", pa.string(), "the URL as it was discovered", null=False),
        _field("webUrl", pa.string(), "the canonical URL", null=False),
        _field("title", pa.string(), "as in `articles`", null=False),
        _field("excerpt", pa.string(), "as in `articles`"),
        _field("text", pa.string(), "the article's text, paragraphs separated by newlines"),
        _field("authors", pa.list_(pa.string()), "people, as the page names them", null=False),
        _field(
            "publishedDateTime",
            TIMESTAMP,
            "when the publisher says it was published; null where neither the page nor the feed or sitemap names a date",
        ),
        _field("publishedPrecision", pa.string(), "the precision of the stated time: second, minute, day"),
        _field(
            "publishedLocalDate", pa.date32(), "the day in the publisher's own calendar, where the page tells it; often not the UTC day"
        ),
        _field(
            "publishedOffset",
            pa.int16(),
            "minutes by which the publisher's clock was ahead of UTC, as stated or by its country; null where unknown",
        ),
        _field("modifiedDateTime", TIMESTAMP, "when the publisher says it was last changed"),
        _field("language", pa.string(), "two-letter code (ISO 639-1)"),
        _field("providerName", pa.string(), "the site's own name for itself"),
        _field("providerDomain", pa.string(), "registered domain of webUrl", null=False),
        _field("images", pa.list_(IMAGE), "the lead image; sides are null where neither measured nor declared", null=False),
        _field("ampWebUrl", pa.string(), "the page's own `link rel=amphtml`, absolute"),
        _field("type", pa.string(), "`article` or `video`", null=False),
        _field("keywords", pa.list_(pa.string()), "the publisher's own keywords", null=False),
        _field("isAccessibleForFree", pa.bool_(), "what the page says about a paywall; null when it says nothing"),
        _field("sourceId", pa.string(), "the source that found it; null for an import from outside the catalogue"),
        _field("via", pa.string(), "how the URL was found: feed, sitemap, section, wayback, ccnews, warc", null=False),
        _field("capturedAt", TIMESTAMP, "when the page was captured", null=False),
        _field("captureFile", pa.string(), "path of the WARC file in the lake", null=False),
        _field("captureOffset", pa.int64(), "offset of the record in that file, in bytes", null=False),
        _field("payloadDigest", pa.string(), "sha256 of the decoded page", null=False),
        _field("vanishedAt", TIMESTAMP, "when a revisit found that the page is gone (404, 410): such a row repeats the last version"),
        _field("movedTo", TIMESTAMP, "the publication time, on another date, that the page names now: such a row repeats the last version"),
        _field("imageFile", pa.string(), "path of the cached lead image in the lake; null where none is cached"),
        _field("provenance", pa.map_(pa.string(), pa.string()), "for each field, the place that its value was taken from", null=False),
        _field(
            "alternatives",
            pa.map_(pa.string(), pa.string()),
            "for each field, the other values that the page states, each with its place; of texts the length and the beginning, and the "
            "lines that were cut because the site repeats them",
        ),
        _field(
            "rights",
            RIGHTS,
            "what its publisher states on the use of the article, null when nothing: tdm, whether text and data mining is `reserved` or "
            "`notReserved`; tdmPolicy, URL of the terms; license, its URL or name; wishes, every statement (noindex, noarchive, nosnippet, "
            "noai, aiTrain=no, license=...) with the place that makes it and the time at which that was captured",
        ),
        _field(
            "confidence",
            CONFIDENCE,
            "the probability that each value is right, null without a value. Right means: title, the publisher's, letter by letter; "
            "text, a word F1 of 0.9 or more with the article's; published, the day; authors, all names and no other; image, the lead "
            "image; article, the page is an article. By logistic regression over the places that agree and the form of the value, fitted "
            "on pages with known values and checked on publishers left out (`bench/confidence.py`)",
        ),
    ]
)

LEDGER = pa.schema(
    [
        _field("url", pa.string(), "the URL as it was seen", null=False),
        _field(
            "kind", pa.string(), "what the request was for: robots, feed, sitemap, section, listing, page, image, amp, tdmrep", null=False
        ),
        _field("outcome", pa.string(), "captured, notModified, duplicate, disallowed, rejected, failed", null=False),
        _field("reason", pa.string(), "why it was rejected or failed, one word"),
        _field("sourceId", pa.string(), "the source that found it"),
        _field("via", pa.string(), "how the URL was found, as in `extracted`"),
        _field("listedBy", pa.list_(pa.string()), "every feed, sitemap and section page that listed the page in this interval", null=False),
        _field("status", pa.int32(), "HTTP status"),
        _field("bytes", pa.int64(), "octets of the answer over the wire", null=False),
        _field("offset", pa.int64(), "offset of the exchange in the part's WARC file"),
        _field("at", TIMESTAMP, "when the exchange took place"),
        _field("captureFile", pa.string(), "path of the WARC file that `offset` is in; with it the key of the page's row in `extracted`"),
    ]
)

COMPLETENESS = pa.schema(
    [
        _field("day", pa.date32(), "UTC day of the data intervals", null=False),
        _field("sourceId", pa.string(), "the source that found the pages", null=False),
        _field(
            "expected",
            pa.float64(),
            "pages that the source usually brings: the median of its last 28 days; null while too few days are known",
        ),
        _field("expectedFrom", pa.string(), "the days of the median: `weekday` (the same weekday) or `days` (all)"),
        _field("polls", pa.int32(), "listings of the source that could be read or were unchanged", null=False),
        _field("failedPolls", pa.int32(), "listings that could not be read", null=False),
        _field("found", pa.int32(), "pages that were new that day: published plus all in `dropped`", null=False),
        _field("fetched", pa.int32(), "pages that were fetched, articles or not", null=False),
        _field("extracted", pa.int32(), "pages that are articles", null=False),
        _field("published", pa.int32(), "articles that have a record in `articles`", null=False),
        _field(
            "dropped", pa.map_(pa.string(), pa.int32()), "for each outcome and reason, the number of pages that ended with it", null=False
        ),
        _field("isGap", pa.bool_(), "true when a source that usually brings pages brought far fewer than expected", null=False),
    ]
)

CHANGES = pa.schema(
    [
        _field("webUrl", pa.string(), "the record, as in `articles`", null=False),
        _field("change", pa.string(), "new, changed or gone", null=False),
        _field("field", pa.string(), "the column of `articles` that differs; null for a record that is new or gone"),
        _field(
            "old", pa.string(), "its value before, as JSON; of `related` only the webUrls; null for `secured`, whose values are not kept"
        ),
        _field("new", pa.string(), "its value after, as JSON, as in `old`"),
        _field("knownUntil", TIMESTAMP, "time of the newest capture that the build read; null where it read none"),
        _field("build", pa.string(), "the build that made the change: the first 12 digits of the digest of its inputs", null=False),
        _field("buildBefore", pa.string(), "the build before it; null for a date's first build"),
    ]
)

STORY_MEMBER = pa.struct(
    [
        pa.field("webUrl", pa.string()),
        pa.field("publishedDateTime", TIMESTAMP),
        pa.field("domain", pa.string()),
        pa.field("role", pa.string()),
        pa.field("similarity", pa.float32()),
    ]
)

STORIES = pa.schema(
    [
        _field("storyId", pa.string(), "key: the id of the story, as in `explain`", null=False),
        _field("leadUrl", pa.string(), "webUrl of the article that stands for the story", null=False),
        _field("title", pa.string(), "the lead's title", null=False),
        _field("firstReport", TIMESTAMP, "when its first article was published; its UTC day is the date of the partition", null=False),
        _field("lastReport", TIMESTAMP, "when its last article was published", null=False),
        _field("size", pa.int32(), "its articles, copies included: two or more", null=False),
        _field("newsrooms", pa.int32(), "registered domains with an article of the story that is no copy", null=False),
        _field("copies", pa.int32(), "articles that copy another one of the story", null=False),
        _field("languages", pa.list_(pa.string()), "languages of its articles, the most frequent first", null=False),
        _field("topics", pa.list_(pa.string()), "topics of its articles, the most frequent first", null=False),
        _field("heat", pa.int32(), "heat of the lead", null=False),
        _field(
            "members",
            pa.list_(STORY_MEMBER),
            "its articles by time of publication, each with its registered domain; role: lead, copy or member; similarity to the lead, "
            "null for the lead itself",
            null=False,
        ),
        _field("absorbedStoryIds", pa.list_(pa.string()), "ids of stories that a later article joined to it", null=False),
        _field(
            "splitFromStoryIds",
            pa.list_(pa.string()),
            "ids of the stories that one of its articles left, as in `explain`",
            null=False,
        ),
    ]
)

TABLES = {
    "articles": ARTICLES,
    "explain": EXPLAIN,
    "stories": STORIES,
    "extracted": EXTRACTED,
    "ledger": LEDGER,
    "completeness": COMPLETENESS,
    "changes": CHANGES,
}


def check_table(table: pa.Table, schema: pa.Schema, *, name: str) -> pa.Table:
    """Return `table` when it has exactly `schema`'s fields, types, order and no undeclared null; SchemaError when not."""
    if not table.schema.equals(schema):
        raise SchemaError(f"{name}: the columns are\n{table.schema}\nand not\n{schema}")
    for column in schema:
        if not column.nullable and table.column(column.name).null_count:
            raise SchemaError(f"{name}: {column.name} has nulls and may not")
    return table

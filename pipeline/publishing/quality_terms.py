"""The terms of a record's quality: the column of `explain` that has the points of each, and its meaning."""

QUALITY_TERMS = {
    "qualityImage": "a lead image",
    "qualityAmp": "an AMP page",
    "qualityProvider": "the provider's weight",
    "qualityTopics": "topics",
    "qualityKeywords": "keywords in the title",
    "qualityVideo": "a video of a topic's own source",
    "qualityTitleLength": "a long title",
    "qualityPromotion": "a market report or press release",
    "qualityClickbait": "a clickbait title",
    "qualityThin": "little text",
    "qualityStockPicture": "a picture that is a logo or a default",
    "qualityCopied": "copied text",
    "qualityReliability": "the provider's reliability",
    "qualityFloor": "never below 0",
}

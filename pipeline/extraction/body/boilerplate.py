"""Lines of a page's text that are none of the article: pointers to others, labels of buttons, credits of pictures, where to write to.

Pure: lines in, lines out. The phrases are those that stand on many sites, in the languages of the shared pages; a line counts only as a
whole, so that a sentence which begins like one stays.
"""

from __future__ import annotations

import re

MAX_SCRAP = 90
"""Characters; a line that is longer says something of its own."""
MAX_ENDING = 900
"""Characters behind a heading like "Contact:"; more is a part of the article."""

_POINTERS = (
    # English
    "(?:read|learn|see|find out) (?:more|also|next)", "also (?:read|on)", r"more (?:on this(?: story)?|from .{1,30}|stories)",
    "related(?: (?:articles?|posts?|stories|topics?))?", "you (?:may|might) also like", "recommended", "share (?:this|on)(?: .{1,20})?",
    "like (?:this|recipe)", "loading", "advertisement", "sponsored", "table of contents", "contents", "sign up", "subscribe",
    "(?:article|story) continues (?:below|after)(?: .{1,20})?",
    "comments? (?:are )?closed", "no comments", "leave a (?:comment|reply)", "permalink", "continue reading", "last modified",
    # German
    "auch (?:interessant|lesenswert)", "mehr (?:zum thema|dazu|infos?)", "weiter ?lesen", "lesen sie (?:auch|mehr)",
    "(?:das|dies|das thema) könnte (?:sie|dich|ihnen|dir) auch (?:interessieren|gefallen)", "könnte .{0,20}interessieren", "passend dazu",
    "schon gelesen", "lust auf mehr", "kommentare? geschlossen", "keine kommentare", "(?:noch )?keine bewertung(?:en)?",
    "teilen(?: mit)?", "gefällt mir(?: das)?", "wird geladen", "bewerten", "inhaltsverzeichnis", "externer inhalt",
    "quellen (?:ein|aus)blenden", "anzeige", "werbung", "beitragsbild", "titelbild", "drucken",
    # French, Spanish, Italian, Portuguese
    "à? ?lire aussi", "(?:pour )?lire la suite", "voir aussi", "publicité", "partager", "permalien", "sur le même sujet",
    "lee también", "leer más", "(?:le|te) puede interesar", "más información", "compartir", "publicidad",
    "leggi anche", "condividi", "pubblicità", "leia (?:também|mais)",
    # Dutch and the north, the Slavic languages, Greek
    "lees (?:ook|verder)", "advertentie", "läs (?:mer|också)", "les også", "læs også", "annons",
    "czytaj (?:też|także|więcej)", "zobacz (?:też|także)", "reklama", "čtěte také", "(?:читайте|смотрите) также", "реклама",
    "διαβάστε (?:επίσης|ακόμη)",
    # Japanese
    "pr", "広告", "スポンサー(?:ド)? ?リンク", "関連(?:記事|エントリー?|リンク)", "続きを読む", "あわせて読みたい",
)  # fmt: skip
_POINTER = re.compile(rf"^\W*(?:{'|'.join(_POINTERS)})\W*$", re.IGNORECASE)
_CREDIT = re.compile(
    r"^\W*(?:(?:photo|picture|image|fotos?|bild(?:er)?|titelbild|symbolbild|abbildung|(?:photo )?credits?|crédits?(?: photo)?|zdjęcie"
    r"|fot\.|фото)\s*(?:by\b|[:©/])|©|\(c\))",
    re.IGNORECASE,
)
_ENDING = re.compile(
    r"^\W*(?:(?:presse|press |media )?(?:kontakt|contacts?)(?: presse)?|ansprechpartner(?:in|innen)?|weitere informationen"
    r"|rückfragen(?: an)?|über (?:den autor|die autorin|den verfasser)|zur person|zum autor|about the authors?"
    r"|further information|for more information)\W*$",
    re.IGNORECASE,
)
_MAX_PITCH = 220
_PITCH = re.compile(
    r"^\W*(?:(?:©|\(c\)|copyright)[\s©]*(?:\(c\)\s*)?(?:19|20)\d\d\b"
    r"|(?:sign up|subscribe|register)\b.{0,20}\b(?:for|to|here)\b.{0,40}\bnewsletters?\b"
    r"|(?:abonnieren|bestellen) sie\b.{0,40}\bnewsletter\b|(?:inscrivez|abonnez)-vous\b.{0,40}\bnewsletter\b"
    r"|(?:suscríb[ae]te|apúntate)\b.{0,40}\b(?:newsletter|boletín)\b|iscriviti\b.{0,40}\bnewsletter\b)",
    re.IGNORECASE,
)
"""Sentences that offer a newsletter or claim rights: of no article, however they end."""
_SENTENCE_END = '.!?…。！？”"»)』」'


def without_scraps(text: str) -> str:
    """`text`, a paragraph a line, without the lines that are none of it; as it was when nothing else is in it."""
    lines = text.splitlines()
    kept = [line for line in lines[: _end(lines)] if not is_scrap(line)]
    return "\n".join(kept) or text


def is_scrap(line: str) -> bool:
    """Whether a line leads elsewhere, belongs to the page or credits a picture."""
    if not line or len(line) > MAX_SCRAP:
        return len(line) <= _MAX_PITCH and _PITCH.match(line) is not None
    return bool(_POINTER.match(line) or _PITCH.match(line)) or (line[-1] not in _SENTENCE_END and bool(_CREDIT.match(line)))


def _end(lines: list[str]) -> int:
    """Where the text ends: before the last heading that gives an address or introduces its author, if little stands behind it."""
    behind = 0
    for number in range(len(lines) - 1, 0, -1):
        if len(lines[number]) <= MAX_SCRAP and _ENDING.match(lines[number]) and behind < sum(map(len, lines[:number])):
            return number
        behind += len(lines[number])
        if behind > MAX_ENDING:
            break
    return len(lines)

"""Boilerplate lines in an article's text: links to other articles, button labels, picture credits, contact addresses.

Pure: lines in, lines out. The phrases occur on many sites in the languages of the shared pages. A phrase must be the whole line, so a
sentence that begins with one stays.
"""

from __future__ import annotations

import re

MAX_LINE = 90
"""Characters; a longer line is part of the article."""
MAX_ENDING = 900
"""Characters after a heading like "Contact:"; a longer section is part of the article."""

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
"""Sentences that offer a newsletter or claim copyright, with or without a full stop."""
_SENTENCE_END = '.!?…。！？”"»)』」'


def without_boilerplate(text: str) -> str:
    """`text` (a paragraph a line) without boilerplate lines; unchanged when all its lines are boilerplate."""
    lines = text.splitlines()
    kept = [line for line in lines[: _end(lines)] if not is_boilerplate(line)]
    return "\n".join(kept) or text


def is_boilerplate(line: str) -> bool:
    """Whether a line is a link to another article, a label of the page, an offer or a picture credit."""
    if not line or len(line) > MAX_LINE:
        return len(line) <= _MAX_PITCH and _PITCH.match(line) is not None
    return bool(_POINTER.match(line) or _PITCH.match(line)) or (line[-1] not in _SENTENCE_END and bool(_CREDIT.match(line)))


def _end(lines: list[str]) -> int:
    """The number of lines before the last heading of a contact or author section, if that section is short; else of all lines."""
    behind = 0
    for number in range(len(lines) - 1, 0, -1):
        if len(lines[number]) <= MAX_LINE and _ENDING.match(lines[number]) and behind < sum(map(len, lines[:number])):
            return number
        behind += len(lines[number])
        if behind > MAX_ENDING:
            break
    return len(lines)

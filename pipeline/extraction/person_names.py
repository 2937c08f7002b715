"""Names of people, taken out of bylines and declarations.

Pure: strings in, names out. `pipeline.extraction.authors` finds the strings on a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set

from pipeline.text.plain_text import letters_only, plain, squeeze

MAX_AUTHORS = 20
_MAX_WORDS = 6
_MAX_LINE = 2000
"""Characters of a declaration that are read; `MAX_AUTHORS` names have fewer."""

BY_WORDS = (
    "by", "author", "von", "vom", "par", "por", "di", "da", "de", "av", "af", "door", "przez", "от", "автор",
    r"autor(?:in|en|es|ka|zy)?", "auteurs?",
    "autore", "författare", "tekst", "text", "texte", "texto", "testo", "story", "words", "foto", "erstellt von", "geschrieben von",
    "verfasst von", "ein artikel von", "written by", "posted by", "reported by", "published by", "submitted by", "opinion by",
    "escrito por", "publicado por", "scritto da", "skrevet av", "interview", "quelle", "source",
    "autorin/autor", "autor/in", "autor(?:in)?\\(nen\\)", "redakteur(?:in)?", "redaktion", "herausgeber", "rédigé par",
    "publié par", "redacción",
    "文", "記者", "记者", "作者", "责编", "责任编辑", "責任編輯",
)  # fmt: skip
BY = re.compile(rf"^\W*(?:{'|'.join(BY_WORDS)})(?:\s*[:：]\s*|\s+)", re.IGNORECASE)
_ALL_BY = re.compile(
    r"^\W*(?:view|show|see|zeige|alle|all|more|posts?|mehr|voir|ver)\b.{0,30}?\b(?:by|of|from|von|de|par|di|por)\s+", re.IGNORECASE
)
_SEPARATORS = re.compile(
    r"\s*[;|•/\n、]\s*|(?<![\u3400-\u9fff\u3040-\u30ffl])\s*·\s*|\s*·\s*(?![\u3400-\u9fff\u3040-\u30ffl])|\s+(?:and|und|et|og|och|en|with|mit|и)\s+|\s*&\s*|\s+-\s+"
    r"|(?<=\w\s)(?<!^\w\s)\s*(?:y|e|i)\s+(?=\w+\s+\w)",
    re.IGNORECASE,
)
"""A dot between Chinese or Japanese characters, or two `l` in Catalan, is part of a name (`约翰·史密斯`).
So is a conjunction of one letter before a single word (`Puig i Cadafalch`)."""
_EASTERN_ROLE = re.compile(r"(?<=[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af])\s*(?:(?:선임|인턴|객원|전문)?기자|특파원|논설위원|記者|记者)$")
_SPACED_NAME = re.compile(r"^([\u3400-\u9fff])\s+([\u3400-\u9fff])$")
"""A Chinese name of two characters, set with a blank to be as wide as one of three."""
_ROLE = re.compile(
    r"\s*(?:[|(（\[–—]|\s-\s|,|\b(?:for|of the|in|at|is|via|says?|wrote|posted|sagt|schreibt|contributor|follow|updated|published|hace"
    r"|am|on"
    r"|um)\b(?=\s|$)).*$",
    re.IGNORECASE,
)
_MAILBOX = re.compile(r"^\s*[^\s@]+@\S+\s*\(([^()]+)\)\s*$")
"""An author in the form of RSS 2.0: `jane@example.org (Jane Doe)`."""
_ASIDES = re.compile(r"\s*\([^()]{0,40}/[^()]{0,40}\)|\s*\b\d+\s*min(?:ute)?s?\.?\s+read\b.*$", re.IGNORECASE)
"""Pronouns (`(she/her)`) and reading times (`4 min read`)."""
_PICTURES = re.compile(
    r"^\W*(?:fotos|bilder|grafik(?:en)?|photo(?:s|graph[sy]?)?|images?|pictures?|illustrations?)(?:\s*[:：]|\s+(?:by|von)\b)", re.IGNORECASE
)
_ADDRESS = re.compile(r"\S+@\S+|https?://\S*|(?:^|\s)@\w+|\bwww\.\S+")
_NO_PERSON = re.compile(
    r"\b(?:admin\w*|webmaster|anonymous|unknown|guest|user|authors?|name|comments?|kommentare?|show|all|articles?|artikel\w*|beiträge"
    r"|posts?|e-?mail|share|follow|login|subscribe"
    r"|read|view|about|bio|home|default|none|null|undefined|nan|contact|print|drucken|biography|latest|related|photo|image|tags?|click"
    r"|here|learn"
    r"|autoren|autorinnen|profile?s?|people|sign(?: in)?|archiv\w*|jobs|termine|impressum|wir über uns|redaktionsteam|about us|kontakt"
    r"|mehr|alle|menu|startseite"
    r"|minutes?|hours?|ago|facebook|twitter|著者|記者ページ)\b|一覧$|^\W*$|[*<>{}=_]|\?\?",
    re.IGNORECASE,
)
DATE_LIKE = re.compile(
    r"\d{5,}|\d[./:]\d|(?:^|\s)\d+(?:\s|$)|\b(?:(?:january|february|march|april|june|july|august|september|october|november|december"
    r"|januar|februar|märz|juni|juli|oktober|dezember)\b(?=.*\d)"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday|updated|published)\b",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"^(?:[^\W\d_][\w'’.\-]*\s+){1,4}[^\W\d_][\w'’.\-]*$|^(?=.{2,12}$)[\u3400-\u9fff\u3040-\u30ff]+(?:[·・][\u3400-\u9fff\u3040-\u30ff]+)*$|^[\uac00-\ud7af]{2,5}$"
)
_TITLES = re.compile(
    r"^(?:(?:prof(?:essor(?:in)?)?|dr|mr|mrs|ms|mx|sir|herr|frau|rev(?:erend)?|dott(?:\.?ssa)?|dipl\.?-?ing|h\.? ?c)(?:\.\s*|\s+)"
    r"|(?:mag|ing)\.\s*|pd\s+(?=dr\b))+",
    re.IGNORECASE,
)
"""`Ing` and `Mag` are first names too, and titles only with a full stop."""
STAFF = re.compile(
    r"\b(?:staff|editors?|editorial|newsroom|\w*redaktion\w*|redacteur|redaction|rédaction|redacc?i[oó]n|redazione|redakcja|redakce"
    r"|редакция|desk|team|newswire)\b",
    re.IGNORECASE,
)
NO_NAME = re.compile(
    r"^(?:the )?(?:our )?(?:(?:staff|editors?|editorial|newsroom|(?:news|web|sports|copy|digital|online|city|business) ?desk"
    r"|news)\s*)+(?:writers?|reporters?|reports?|correspondents?|board|teams?)?$",
    re.IGNORECASE,
)
ACCOUNT = re.compile(r"\b(?:admin\w*|webmaster|authors?|users?|anonymous|unknown|default)\b", re.IGNORECASE)
"""Accounts of a content system, which are no person's name whoever declares them."""
ORGANISATION = re.compile(
    r"\b(?:news|nachrichten|reuters|press|presse|afp|dpa|apa|sid|ansa|efe|pap|ntb|tt|ritzau|pti|ani|ians|tass|agency|agencia|agence"
    r"|agenzia|agentur|magazine?|media"
    r"|radio|online|writers?|reporters?|correspondents?|contributors?|wire|services?|network|inc|ltd|gmbh|corp|llc|ag|se|board"
    r"|department|foundation"
    r"|institute?|university|universität|verlag|stiftung|verband|times|post|daily|zeitung|e\.? ?v|association|group|company"
    r"|\w+\.(?:com|net|org|de|co|fr|it|es|pl|ru|uk|info|at|ch|eu|news|tv))\b",
    re.IGNORECASE,
)
_CHINESE_ROLES = ("记者", "記者", "作者", "撰文", "执笔人")
_CHINESE_BYLINE = re.compile(
    r"(?:^|[（(□])\s*(?:[\u3400-\u9fff]{1,4}[报網网社刊])?\s*(?:见习|实习|特约|首席)?(?:记者|記者|作者|撰文|执笔人)(?:\s*[:：]\s*|\s+|(?=[^\s:：]{2,4}(?:发自|[)）])))"
    r"([\u3400-\u9fff]{2,4}(?:[\s、]+[\u3400-\u9fff]{2,3}(?![\u3400-\u9fff])){0,5}?)\s*(?:[)）]|发自\S+|\S{2,8}报道)?\s*(?:$|(?<=[)）]))"
)
"""`（记者 胡晓蓉）`, `□ 本报记者 葛灵丹`, `新京报记者 彭冲 山东冠县报道`, `作者: 孙仲旻`."""
_DEGREE = re.compile(r"\s+(?:[Pp][Hh]\.?\s?[Dd]|M\.?D|MBA|M\.?[Ss][Cc]|B\.?[Ss][Cc]|LL\.?M|[Ee][Ss][Qq])\.?$")
"""Matched with case: `MD` is a degree, `Md` a name."""
_PARTICLES = frozenset(
    re.findall(r"\w+", "de del della di da van von der den la le el al bin ibn dos das du und y e af av zu zur ten ter st")
)


def clean_names(names: Iterable[str], *, is_prose: bool = False, believed: Set[str] = frozenset()) -> tuple[str, ...]:
    """The single names in `names`, without "By", roles, addresses and repetitions; at most `MAX_AUTHORS`.

    A name whose letters are in `believed` is taken as it is, whatever its words mean. With `is_prose` the strings are bylines as readers
    see them, and only parts with the shape of a name are returned.
    """
    kept: dict[str, str] = {}
    for text in names:
        for part in _parts(plain(text[:_MAX_LINE])):
            name = _untitled(whole) if letters_only(whole := squeeze(BY.sub("", part))) in believed else _name(part)
            key = letters_only(name)
            if not key or key in kept or len(name.split()) > _MAX_WORDS or (is_prose and not _has_shape_of_name(name)):
                continue
            kept[key] = name
    # `Jane Doe` and `Jane Doe Berlin` are one person.
    doubled = {key for key in kept if any(other != key and other.startswith(key) and len(key) > 8 for other in kept)}
    return tuple(name for key, name in kept.items() if not any(key != short and key.startswith(short) for short in doubled))[:MAX_AUTHORS]


def chinese_byline(text: str) -> list[str]:
    """The names after the word for reporter or author, where these are all of `text` or stand in brackets; at most a few."""
    match = _CHINESE_BYLINE.search(text) if any(role in text for role in _CHINESE_ROLES) else None
    return match[1].replace("、", " ").split() if match else []


def _has_shape_of_name(name: str) -> bool:
    return bool(_NAME.match(name)) and all(
        word[0].isupper() or word.casefold() in _PARTICLES or not word[0].isascii() for word in name.split()
    )


def _parts(line: str) -> Iterator[str]:
    line = BY.sub("", _ALL_BY.sub("", _ADDRESS.sub(" ", _ASIDES.sub("", _MAILBOX.sub(r"\1", line)))))
    for part in _SEPARATORS.split(line):
        pieces = [piece for piece in part.split(",") if piece.strip()]
        # `Jane Doe, John Roe` are two people, `Jane Doe, Berlin` and `Doe, Jane` are one.
        if len(pieces) > 1 and all(_words(piece) in {2, 3} for piece in pieces):
            yield from pieces
        elif len(pieces) == 2 and all(len(piece.split()) == 1 for piece in pieces):
            yield f"{pieces[1]} {pieces[0]}"
        elif pieces:
            yield pieces[0]


def _words(name: str) -> int:
    """The number of words in a name without its particles; the first word counts always (`Al`)."""
    return sum(number == 0 or word.casefold() not in _PARTICLES for number, word in enumerate(name.split()))


def _untitled(name: str) -> str:
    """`name` without titles and degrees; with a single word left, the title stays (`Dr. Oetker`)."""
    bare = _DEGREE.sub("", _TITLES.sub("", name))
    return bare if " " in bare else name


def _name(part: str) -> str:
    name = _ROLE.sub("", BY.sub("", part.strip())) if not _PICTURES.match(part) else ""
    name = squeeze(name).strip(" .,:;-–—|/\"'“”()[]")
    if not 2 <= len(name) <= 60 or len(name.split()) > 6 or _NO_PERSON.search(name) or DATE_LIKE.search(name):
        return ""
    if not any(map(str.isalpha, name)):
        return ""
    name = _SPACED_NAME.sub(r"\1\2", _EASTERN_ROLE.sub("", _untitled(name)))
    return name.title() if name.isupper() and len(name) > 5 and " " in name else name

"""Takes the names of people out of bylines and declarations.

Pure: strings in, names out. `extraction.metadata.authors` finds the strings on a page. The words stand in `extraction/data/phrases.yaml`,
the names of months and weekdays in CLDR.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from functools import cache, partial

from pipeline.text.dates.cldr import date_words
from pipeline.text.phrases import phrase_pattern, word_set
from pipeline.text.plain_text import letters_only, plain, squeeze

MAX_AUTHORS = 20
"""Authors that are kept of an article. A plain choice, against lists of whole editorial staffs."""
_MAX_WORDS = 6
"""Words of the longest name of a person. A plain choice."""
_MAX_LINE = 2000
"""Characters of a declaration that are read; `MAX_AUTHORS` names have fewer."""

_phrases = partial(phrase_pattern, "pipeline.extraction")
_BY = r"^\W*(?:%(by)s)(?:\s*[:：]\s*|\s+)"
_ALL_BY = r"^\W*(?:%(all_by_verbs)s)\b.{0,30}?\b(?:%(all_by_prepositions)s)\s+"
_SEPARATORS = (
    r"\s*[;|•/\n、]\s*|(?<![\u3400-\u9fff\u3040-\u30ffl])\s*·\s*|\s*·\s*(?![\u3400-\u9fff\u3040-\u30ffl])|\s+(?:%(conjunctions)s)\s+|\s*&\s*|\s+-\s+"
    r"|(?<=\w\s)(?<!^\w\s)\s*(?:y|e|i)\s+(?=\w+\s+\w)"
)
"""A dot between Chinese or Japanese characters, or two `l` in Catalan, is part of a name (`约翰·史密斯`).
So is a conjunction of one letter before a single word (`Puig i Cadafalch`)."""
_EASTERN_ROLE = r"(?<=[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af])\s*(?:%(eastern_roles)s)$"
_SPACED_NAME = re.compile(r"^([\u3400-\u9fff])\s+([\u3400-\u9fff])$")
"""A Chinese name of two characters with a blank between them, which makes it as wide as a name of three."""
_ROLE = r"\s*(?:[|(（\[–—]|\s-\s|,|\b(?:%(role_starts)s)\b(?=\s|$)).*$"
_MAILBOX = re.compile(r"^\s*[^\s@]+@\S+\s*\(([^()]+)\)\s*$")
"""An author in the form of RSS 2.0: `jane@example.org (Jane Doe)`."""
_ASIDES = re.compile(r"\s*\([^()]{0,40}/[^()]{0,40}\)|\s*\b\d+\s*min(?:ute)?s?\.?\s+read\b.*$", re.IGNORECASE)
"""Pronouns (`(she/her)`) and reading times (`4 min read`)."""
_PICTURES = r"^\W*(?:%(picture_makers)s)(?:\s*[:：]|\s+(?:by|von)\b)"
_ADDRESS = re.compile(r"(?<!\S)\S+@\S+|https?://\S*|(?:^|\s)@\w+|\bwww\.\S+")
_NO_PERSON = r"\b(?:%(no_person)s)\b|一覧$|^\W*$|[*<>{}=_]|\?\?"
_NAME = re.compile(
    r"^(?:[^\W\d_][\w'’.\-]*\s+){1,4}[^\W\d_][\w'’.\-]*$"
    r"|^[\u3400-\u9fff]{2,4}$|^[\u3400-\u9fff]+(?:[·・][\u3400-\u9fff]+)+$"
    r"|^(?=.{0,11}[\u3040-\u30ff])(?=.{2,12}$)[\u3400-\u9fff\u3040-\u30ff]+(?:[·・][\u3400-\u9fff\u3040-\u30ff]+)*$"
    r"|^[\uac00-\ud7af]{2,5}$"
)
"""Chinese names have at most four characters, unless a dot joins the parts of a foreign one; those with kana are longer."""
_TITLES = r"^(?:(?:%(titles)s)(?:\.\s*|\s+)|(?:mag|ing)\.\s*|pd\s+(?=dr\b))+"
"""`Ing` and `Mag` are first names too, and titles only with a full stop."""
_STAFF = r"\b(?:%(staff)s)\b"
_NAMES_TOO = frozenset({"May", "Mai"})
"""Names of months that are also names of people."""
_STAFF_LABEL = r"^(?:the )?(?:our )?(?:(?:%(staff_label_words)s)\s*)+(?:%(staff_label_ends)s)?$"
_ACCOUNT = r"\b(?:%(accounts)s)\b"
_ORGANISATION = r"\b(?:%(organisations)s|\w+\.(?:com|net|org|de|co|fr|it|es|pl|ru|uk|info|at|ch|eu|news|tv))\b"

_HAN = "[\u3400-\u9fff]"
_TWO_HAN = re.compile(_HAN * 2)
"""What every byline has: asked first, as few texts of most pages hold it."""
_CHINESE_BYLINES = tuple(
    re.compile(pattern.replace("HAN", _HAN))
    for pattern in (
        # `（记者 胡晓蓉）`, `□ 本报记者 葛灵丹`, `新京报记者 彭冲 山东冠县报道`, `作者: 孙仲旻`
        r"(?:^|[（(□])\s*(?:HAN{1,4}[报網网社刊])?\s*(?:见习|实习|特约|首席)?(?:记者|記者|作者|撰文|执笔人)"
        r"(?:\s*[:：]\s*|\s+|(?=[^\s:：]{2,4}(?:发自|[)）])))"
        r"(HAN{2,4}(?:[\s、]+HAN{2,3}(?!HAN)){0,5}?)\s*(?:[)）]|发自\S+|\S{2,8}报道)?\s*(?:$|(?<=[)）]))",
        # `02日14:25 作者：赵婕 出自`, `（ 责任编辑：魏喆 ）`
        r"(?:^|[\s（(|])(?:作者|撰文|责任编辑|責任編輯|责编)\s*[:：]\s*(HAN{2,4}(?:[\s、]+HAN{2,3}(?!HAN)){0,5}?)(?=\s|$|[)）|])",
        # `（常书香 马丹阳 ）`, `（姚峰 上海报道）` at the end of a paragraph
        r"[（(]\s*(HAN{2,3}(?:[\s、]+HAN{2,3}){1,4}|HAN{2,3}(?=\s+HAN{2,6}报道))\s*(?:HAN{2,6}报道)?\s*[)）]\s*$",
        # `赵延东、风笑天` as a line
        r"^\s*(HAN{2,3}(?:、HAN{2,3}){1,5})\s*$",
    )
)
_DEGREE = re.compile(r"\s+(?:[Pp][Hh]\.?\s?[Dd]|M\.?D|MBA|M\.?[Ss][Cc]|B\.?[Ss][Cc]|LL\.?M|[Ee][Ss][Qq])\.?$")
"""Matched with case: `MD` is a degree, `Md` a name."""
_particles = partial(word_set, "pipeline.extraction", "name_particles")
_chinese_roles = partial(word_set, "pipeline.extraction", "chinese_roles")
_chinese_surnames = partial(word_set, "pipeline.extraction", "chinese_surnames")
_CHINESE_NAMES = re.compile(rf"^{_HAN}{{2,3}}(?:[ 、]{_HAN}{{2,3}}){{0,5}}$")


def without_by(text: str) -> str:
    """`text` without the word for "by" or "author" at its start."""
    return _phrases(_BY).sub("", text)


def is_by(text: str) -> bool:
    """Whether `text` is a word for "by" or "author" and nothing else."""
    return _phrases(r"^\W*(?:%(by)s)\s*[:：]?\s*$").match(text) is not None


def is_staff_label(name: str) -> bool:
    """Whether `name` is a label of a newsroom's staff and nothing else (`Staff`, `The News Desk`, `Editorial Board`)."""
    return _phrases(_STAFF_LABEL).match(name) is not None


def names_staff(name: str) -> bool:
    """Whether a word of `name` means a newsroom's staff."""
    return _phrases(_STAFF).search(name) is not None


def names_organisation(name: str) -> bool:
    """Whether `name` contains the name of an agency, a word of organisations' names or a domain."""
    return _phrases(_ORGANISATION).search(name) is not None


def names_account(name: str) -> bool:
    """Whether `name` is an account of a content system (`admin`, `default`), which is no person's name wherever it is declared."""
    return _phrases(_ACCOUNT).search(name) is not None


def looks_like_date(text: str) -> bool:
    """Whether `text` looks like a date: a long, dotted or lone number, a month before a digit, an English weekday or "published"."""
    return _date_like().search(text) is not None


@cache
def _date_like() -> re.Pattern[str]:
    english, german = date_words("en"), date_words("de")
    months = {name for locale in (english, german) if locale for name, _ in locale.months[:12]} - _NAMES_TOO
    weekdays = english.weekdays if english else ()
    return re.compile(
        rf"\d{{5,}}|\d[./:]\d|(?:^|\s)\d+(?:\s|$)|\b(?:(?:{'|'.join(sorted(months))})\b(?=.*\d)|{'|'.join(weekdays)}|updated|published)\b",
        re.IGNORECASE,
    )


def clean_names(names: Iterable[str], *, is_prose: bool = False, believed: Set[str] = frozenset()) -> tuple[str, ...]:
    """The single names in the strings `names`, without "By", roles, addresses and repetitions; at most `MAX_AUTHORS`.

    A name whose letters are in `believed` is kept, whatever its words mean. With `is_prose` the strings are bylines as readers see them,
    and only parts with the shape of a name are returned.
    """
    kept: dict[str, str] = {}
    for text in names:
        for part in dict.fromkeys(_parts(plain(text[:_MAX_LINE]))):
            name = _untitled(whole) if letters_only(whole := squeeze(without_by(part))) in believed else _name(part)
            key = letters_only(name)
            if not key or key in kept or len(name.split()) > _MAX_WORDS or (is_prose and not _has_shape_of_name(name)):
                continue
            kept[key] = name
    # `Jane Doe` and `Jane Doe Berlin` are one person.
    doubled = {key for key in kept if any(other != key and other.startswith(key) and len(key) > 8 for other in kept)}
    return tuple(name for key, name in kept.items() if not any(key != short and key.startswith(short) for short in doubled))[:MAX_AUTHORS]


def chinese_byline(text: str) -> list[str]:
    """The names in the first Chinese byline of `text`: a byline is the whole text, stands in brackets or follows a word for author."""
    if not _TWO_HAN.search(text):
        return []
    is_marked = "、" in text or any(role in text for role in _chinese_roles()) or text.rstrip().endswith(("）", ")"))
    match = next(filter(None, (pattern.search(text) for pattern in _CHINESE_BYLINES)), None) if is_marked else None
    return match[1].replace("、", " ").split() if match else []


def chinese_names(line: str) -> list[str]:
    """The names in a line that consists of Chinese names with common surnames; empty for any other line."""
    names = re.split("[ 、]", line) if _CHINESE_NAMES.match(line) else []
    return names if all(name[0] in _chinese_surnames() for name in names) else []


def _has_shape_of_name(name: str) -> bool:
    return bool(_NAME.match(name)) and all(
        word[0].isupper() or word.casefold() in _particles() or not word[0].isascii() for word in name.split()
    )


def _parts(line: str) -> Iterator[str]:
    line = without_by(_phrases(_ALL_BY).sub("", _ADDRESS.sub(" ", _ASIDES.sub("", _MAILBOX.sub(r"\1", line)))))
    for part in _phrases(_SEPARATORS).split(line):
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
    return sum(number == 0 or word.casefold() not in _particles() for number, word in enumerate(name.split()))


def _untitled(name: str) -> str:
    """`name` without titles and degrees; with a single word left, the title stays (`Dr. Oetker`)."""
    bare = _DEGREE.sub("", _phrases(_TITLES).sub("", name))
    return bare if " " in bare else name


def _name(part: str) -> str:
    name = _phrases(_ROLE).sub("", without_by(part.strip())) if not _phrases(_PICTURES).match(part) else ""
    name = squeeze(name).strip(" .,:;-–—|/\"'“”()[]")
    if not 2 <= len(name) <= 60 or len(name.split()) > 6 or _phrases(_NO_PERSON).search(name) or looks_like_date(name):
        return ""
    if not any(map(str.isalpha, name)):
        return ""
    name = _SPACED_NAME.sub(r"\1\2", _phrases(_EASTERN_ROLE).sub("", _untitled(name)))
    return name.title() if name.isupper() and len(name) > 5 and " " in name else name

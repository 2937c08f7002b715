"""The language a text is written in, by its script and its commonest words.

Pure. Meant for articles of at least a few sentences: says nothing about less.
"""

from __future__ import annotations

import re
import string
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import lru_cache

SAMPLE = 2000
"""Characters looked at."""
_MIN_LETTERS = 40
_MIN_SHARE = 0.12
"""Share of the words that must be among a language's commonest. Running text of the languages below has 0.2 to 0.5 of them."""
_SCRIPT_SHARE = 0.3
_LEAD = 1.5
"""How many times more common words a language needs than another that was declared, to be believed against it."""

_SCRIPTS = {
    "hangul": re.compile("[\uac00-\ud7af\u1100-\u11ff]"),
    "kana": re.compile("[\u3040-\u30ff]"),
    "han": re.compile("[\u3400-\u4dbf\u4e00-\u9fff]"),
    "cyrillic": re.compile("[\u0400-\u04ff]"),
    "greek": re.compile("[\u0370-\u03ff]"),
    "arabic": re.compile("[\u0600-\u06ff]"),
    "hebrew": re.compile("[\u0590-\u05ff]"),
    "devanagari": re.compile("[\u0900-\u097f]"),
    "bengali": re.compile("[\u0980-\u09ff]"),
    "gurmukhi": re.compile("[\u0a00-\u0a7f]"),
    "gujarati": re.compile("[\u0a80-\u0aff]"),
    "tamil": re.compile("[\u0b80-\u0bff]"),
    "telugu": re.compile("[\u0c00-\u0c7f]"),
    "kannada": re.compile("[\u0c80-\u0cff]"),
    "malayalam": re.compile("[\u0d00-\u0d7f]"),
    "sinhala": re.compile("[\u0d80-\u0dff]"),
    "thai": re.compile("[\u0e00-\u0e7f]"),
    "lao": re.compile("[\u0e80-\u0eff]"),
    "burmese": re.compile("[\u1000-\u109f]"),
    "georgian": re.compile("[\u10a0-\u10ff]"),
    "armenian": re.compile("[\u0530-\u058f]"),
    "khmer": re.compile("[\u1780-\u17ff]"),
    "amharic": re.compile("[\u1200-\u137f]"),
    "latin": re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]"),
}
_NO_LETTERS = bytes(set(range(128)) - set(string.ascii_letters.encode()))
_ONE_LANGUAGE = {
    "hangul": "ko", "kana": "ja", "han": "zh", "greek": "el", "hebrew": "he", "bengali": "bn", "gurmukhi": "pa", "gujarati": "gu",
    "tamil": "ta", "telugu": "te", "kannada": "kn", "malayalam": "ml", "sinhala": "si", "thai": "th", "lao": "lo", "burmese": "my",
    "georgian": "ka", "armenian": "hy", "khmer": "km", "amharic": "am",
}  # fmt: skip
_WORDS = {
    "latin": {
        "en": "the of and to in is that for it was on with as are be this by have from at not but they which his has had will an or were",
        "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach",
        "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec cette ont mais",
        "es": "de la que el en y a los del se las por un para con no una su al lo como más es fue ha este sus pero",
        "it": "di e il la che in un a per è una sono del con non si da della dei le al nel alla anche più ha gli come ma",
        "pt": "de a o que e do da em um para com não uma os no se na por mais as dos como mas ao foi das é são pelo",
        "nl": "de van het een en in is dat op te zijn voor met niet aan er die om ook als bij maar uit door naar wordt heeft",
        "pl": "w i na się z do nie że jest to o jak po od za przez ale są dla był jego tym które oraz może ma",
        "sv": "och i att det som en på är av för med till den har de inte om ett men var vi från så kan när under",
        "da": "og i at det er en den til på som med for af de der ikke har et var fra men om vi kan også blev",
        "no": "og i det er på som en for av til med at den har ikke de et om fra var men han seg også kan ble etter",
        "fi": "ja on ei että se oli hän mutta ovat myös kuin joka sen mukaan olla jos niin vuoden kun voi ole tämä mitä ollut",
        "cs": "a se v na je že s z do o to i ve pro za by ale jsou jako po podle které k jsem tak už bude byl",
        "sk": "a sa v na je že s z do o to aj vo pre za by ale sú ako po podľa ktoré k som tak už bude bol",
        "hu": "a az és hogy nem is egy ez meg de csak van volt el már ki még mint amely szerint után lesz azt vagy",
        "ro": "de și în a la cu pe că din nu o un este pentru care mai sau au fost ce sunt prin dar după lui ale",
        "tr": "ve bir bu da de için ile olarak daha çok olan gibi en ne sonra kadar var olduğu ise göre ancak dedi etti",
        "id": "yang dan di dari untuk ini dengan itu dalam tidak pada akan juga ke karena tersebut adalah oleh telah ada sebagai bisa",
        "ms": "yang dan di dari untuk ini dengan itu dalam tidak pada akan juga ke kerana tersebut adalah oleh telah ada kata beliau turut",
        "vi": "và của là có trong cho được với các một không người này đã khi những từ để về ở cũng ra như năm",
        "hr": "i u je na se da za su od s o koji a će kako to te iz bi što nije ali kao do nakon",
        "sl": "in je v na da so se za pa ki z s tudi ne po kot bi iz od še bo ni pri o ker",
        "et": "ja on ei et see oli ka kui mis aga oma ning selle kes ta nii kuid veel pärast olla seda",
        "lv": "un ir ar par no uz kas ka to bet tas arī gada kā lai pie tika vai pēc nav savu",
        "lt": "ir kad į iš su yra tai kaip bei jis apie dėl jau tik buvo ar per bus taip pat nuo",
        "sq": "të e në dhe i për me që një nga se është ka më do si kjo por janë nuk nga",
        "ca": "de la que i el en a els les per un amb una del és no al ha es més van aquest com",
        "eu": "eta da ez du bat dira izan dute egin baina ere den zuen duen dela batean arte",
        "gl": "de a e que o en do da un para unha os con non no na as por máis como ao dos foi",
        "af": "die van en in is het dat te vir nie op met wat aan om sy hy was ook sal kan deur",
        "sw": "ya na wa kwa ni katika za la kuwa hiyo huo cha baada alisema hivyo watu pia huku yake",
        "tl": "ng sa ang na mga at ay para ni si kay ito hindi niya ang may kung dahil",
        "is": "og að í á er sem um til við var en af með fyrir það ekki frá hafa hann verið",
    },
    "cyrillic": {
        "ru": "и в не на что с по как это он к из за от для его но был также о бы так все было до при же года",
        "uk": "і в не на що з та як це він до із за від для його але був також про щоб є у які року й",
        "bg": "и на да в се за от е с по че не са като до ще при но след през това който беше има или",
        "sr": "и у је на се да за су од са о који а ће како то из би што није али као до након",
        "mk": "и на во да се за од е со што не ќе ги по кој како ја но го тоа беше",
        "be": "і ў не на што з як гэта ён да за ад для яго але быў таксама пра каб у якія",
        "kk": "және мен бұл бір үшін деп бойынша болып да де қазақстан туралы осы ол үш",
        "mn": "нь энэ байна улсын хийх болон тус юм байгаа оны хэмээн",
    },
    "arabic": {
        "ar": "في من على أن إلى عن التي مع هذا ما كان الذي بعد كما هذه لا ذلك بين قال قد",
        "fa": "و در به از که این را با است برای آن می های خود تا شد یک هم بر کرد",
        "ur": "کے کی میں اور سے ہے کا کو نے پر کہ یہ ہیں اس نہیں بھی تھا کہا",
    },
    "devanagari": {
        "hi": "के में की है से को का और ने पर कि यह हैं भी नहीं एक इस लिए था कर",
        "mr": "आहे या आणि च्या मध्ये होते केली ही आहेत असे हा तर की नाही त्यांनी",
        "ne": "छ को मा र ले पनि गरेको भएको हो छन् यो भने गर्न लागि",
    },
}
_FOREIGN = {
    "ru": "іїєўјљњћђѓќѕџґ", "uk": "ыэёъўјљњћђѓќѕџ", "bg": "ыэёіїєўјљњћђѓќѕџґ", "be": "ищъїєјљњћђѓќѕџґ", "kk": "їєўјљњћђѓќѕџґ",
    "sr": "йщъыьэюяёіїєўѓќѕґ", "mk": "йщъыьэюяёіїєўћђґ", "mn": "іїєўјљњћђѓќѕџґ",
}  # fmt: skip
"""The letters of the script that a language does not write: the words that Bulgarian and Russian have in common tell nothing."""
_FOREIGN_SHARE = 0.005
"""Of the letters of a text; foreign names and quotations stay below it."""
_LANGUAGES_OF: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    script: {
        word: tuple(language for language, words in languages.items() if word in words.split())
        for word in sorted({word for words in languages.values() for word in words.split()})
    }
    for script, languages in _WORDS.items()
}
"""For each script the languages that a word is common in."""
_TOKEN = re.compile(r"[^\W\d_]+")
_ALIASES = {"nb": "no", "nn": "no", "iw": "he", "in": "id", "ji": "yi"}


def two_letters(tag: str | None) -> str | None:
    """The ISO 639-1 code in a BCP 47 or POSIX tag (`en-US`, `pt_BR`), `nb` and `nn` as `no`; None for what names none."""
    match = re.match(r"\s*([A-Za-z]{2})(?:[-_.,;\s]|$)", tag or "")
    code = match[1].lower() if match else None
    return _ALIASES.get(code, code) if code else None


def written_in(text: str, declared: str | None = None) -> str | None:
    """The language of `text`, two letters; None where neither script nor words decide.

    A `declared` language gives way only to a text that is clearly in another: templates declare their own language, not the article's.
    """
    sample = text[:SAMPLE]
    script = _script(sample)
    if script is None:
        return None
    if script in _ONE_LANGUAGE:
        return _ONE_LANGUAGE[script]
    counts = _counts(sample, script)
    if not counts:
        return None
    best = min(counts, key=lambda language: (-counts[language], language))
    if declared in counts and counts[best] < _LEAD * counts[declared]:
        return declared
    return best


def _script(sample: str) -> str | None:
    plain = sample.encode("ascii", "ignore").translate(None, _NO_LETTERS)
    if len(sample.encode()) - len(sample) < 0.05 * len(plain):  # at least one byte for each other character
        return "latin" if len(plain) >= _MIN_LETTERS else None
    counts: Counter[str] = Counter()
    for char, number in Counter(sample).items():
        counts[_script_of(char)] += number
    del counts[""]
    letters = sum(counts.values())
    if letters < _MIN_LETTERS:
        return None
    if counts.get("kana", 0) > 0.05 * letters:
        return "kana"
    name = max(_SCRIPTS, key=lambda script: counts[script])
    return name if counts[name] >= _SCRIPT_SHARE * letters else None


@lru_cache(maxsize=4096)
def _script_of(char: str) -> str:
    return next((name for name, pattern in _SCRIPTS.items() if pattern.match(char)), "")


def _counts(sample: str, script: str) -> dict[str, int]:
    """Occurrences of each language's commonest words, where they make up enough of the text."""
    words = _TOKEN.findall(sample.lower())
    total = len(words)
    languages_of = _LANGUAGES_OF[script]
    counts: defaultdict[str, int] = defaultdict(int)
    for word, number in Counter(words).items():
        for language in languages_of.get(word, ()):
            counts[language] += number
    letters = Counter(sample.lower()) if script == "cyrillic" else Counter()
    most = _FOREIGN_SHARE * sum(map(len, words))
    return {
        language: count
        for language, count in counts.items()
        if count >= max(3, _MIN_SHARE * total) and sum(map(letters.__getitem__, _FOREIGN.get(language, ""))) <= most
    }

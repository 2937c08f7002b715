"""Whether a page is a news article at all, and the one word for what it is instead.

Pure: reads a `Page`, its title and its text; changes nothing and knows nothing of other pages.

A false alarm loses an article for good, a miss shows one bad record: each rule asks for two signs, and what calls itself an article in
its head (JSON-LD, `og:type`, a time of publication) is only ever a `paywall` stub. Share of the shared pages with human truth that is
rejected: in docs/benchmarks.md, made by bench/extraction.py; run it again when a rule changes.
"""

from __future__ import annotations

import re
from itertools import islice
from urllib.parse import parse_qsl, unquote, urlsplit

import lxml.html

from pipeline.bodies import blocks, weight_of
from pipeline.pages import Page
from pipeline.structured import text_of, types_of
from pipeline.text import letters_only
from pipeline.urls import registered_domain

REASONS = ("paywall", "consent", "login", "signUp", "notFound", "jobAd", "tagList", "sectionFront")

STUB = 900
"""Characters of text; what a paywall leaves standing is a paragraph or two."""
DECLARED_STUB = 600
"""The same where no words on the page say so, only its JSON-LD: metered sites declare whole short reports not free."""
BRIEF = 1500
"""Characters of text; error, login and consent pages have no more to say."""
MIN_TEASERS = 8
"""Linked headings that make a page a list. Article pages have as many below the text, and no path of a list."""
_MAX_TITLE = 80
_FEW_WORDS = 3
_SAME = 20
"""Letters; titles that begin alike are one."""
_MAX_BLOCKS = 400

_PAYWALL = re.compile(
    r"subscri(?:be|ption)(?: now| today)? to (?:continue|keep|read|unlock)|to (?:continue|keep) reading|to read (?:the|this) (?:full"
    r"|rest|whole|story|article)"
    r"|(?:for|only to|exclusive to) (?:our )?(?:paying )?(?:subscribers|members)(?: only)?\b|subscribers? only|already a (?:subscriber"
    r"|member)"
    r"|become an? .{0,25}(?:subscriber|member)|unlock (?:this|the) (?:article|story)|rest of (?:this|the) (?:article|story) is"
    r"|nur für abonnent|(?:exklusiv|ausschließlich) für abonnent|bereits abonnent|sie sind schon abonnent|kostenpflichtiger? (?:inhalt"
    r"|artikel)"
    r"|(?:jetzt|weiter) ?lesen mit|mit \S{0,20}(?:plus|\+) weiterlesen|réservée? aux abonnés|il vous reste .{0,20} à lire"
    r"|abonnez-vous pour (?:lire|continuer)"
    r"|(?:solo|exclusivo) para suscriptores|suscríb\w+ para (?:seguir|continuar|leer)|riservat[oa] agli abbonati"
    r"|abbonati per (?:continuare|leggere)"
    r"|alleen voor abonnees|om verder te lezen|exclusivo para assinantes|assine para (?:ler|continuar)|för prenumeranter"
    r"|för att läsa vidare"
    r"|for abonnenter|dla prenumeratorów|только для подписчиков|по подписке",
    re.IGNORECASE,
)
_GATE_TITLE = re.compile(r"^(?:become an? .{2,30} (?:subscriber|member)|subscribe to (?:read|continue))\b", re.IGNORECASE)
_CONSENT = re.compile(
    r"^(?:before you continue\b|we (?:value|respect|care about) your privacy|your privacy(?: choices| matters)?\b|privacy (?:settings"
    r"|preferences|cent(?:er|re))"
    r"|(?:manage )?cookies?[- ](?:consent|settings|notice|preferences|policy|einstellungen)|consent\b|datenschutz-?einstellungen"
    r"|wir (?:schätzen|respektieren) ihre privatsphäre"
    r"|zustimmung\b|gérer (?:vos|mes|les) cookies|votre vie privée|configuración de (?:cookies|privacidad)|impostazioni (?:dei )?cookie"
    r"|cookie-?instellingen)",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"^(?:log[- ]?in|sign[- ]?in|please (?:log|sign) in|member login|anmelden|anmeldung|einloggen|connexion|se connecter"
    r"|identifiez-vous|iniciar sesión|acceder"
    r"|accedi|inloggen|logga in|logg inn|log ind|zaloguj|logowanie|войти|вход|авторизация)\b",
    re.IGNORECASE,
)
_SIGN_UP = re.compile(
    r"^(?:sign[- ]?up\b|register\b(?! \w+ (?:of|office))|create (?:an|your) (?:free )?account|subscribe\b|subscriptions?\b|get (?:our"
    r"|the) newsletter|newsletters?\b"
    r"|(?:kostenlos )?registrieren|konto erstellen|newsletter (?:abonnieren|bestellen)|jetzt abonnieren|abonnement|s['’]abonner"
    r"|abonnez-vous|inscri(?:vez-vous|ption|viti)"
    r"|suscr[ií]b|reg[ií]strate|assine\b|abbonati\b)",
    re.IGNORECASE,
)
_NOT_FOUND = re.compile(
    r"^(?:error |fehler |erreur )?404\b|\b404\b.{0,20}(?:error|not found)|^(?:sorry, )?(?:the )?(?:requested )?(?:page|article|story"
    r"|content)(?: you requested)?"
    r" (?:was |could |can)?(?:not|n['’]t)? ?(?:be )?(?:found|no longer (?:exists|available)|does(?:n['’]t| not) exist)|^not found$"
    r"|^page not found|seite (?:wurde )?nicht gefunden"
    r"|(?:page|article) (?:introuvable|non trouvée?)|(?:página|nota) no encontrada|pagina non trovata|pagina niet gevonden"
    r"|sidan (?:hittades|kunde) inte|siden (?:blev ikke|finnes ikke)"
    r"|strona nie (?:została|istnieje)|страница не найдена|página não encontrada|页面不存在|ページが見つかりません",
    re.IGNORECASE,
)
_JOB_TITLE = re.compile(
    r"\([mfwdxi](?:\s?[/|]\s?[mfwdxi*]){1,3}\)|\bjob (?:vacancy|opening|offer)\b|\bwe(?:['’]re| are) hiring\b"
    r"|stellenangebot",
    re.IGNORECASE,
)
_JOB_PATH = re.compile(
    r"/(?:jobs?|careers?|karriere|stellen\w*|stellenangebote?|vacanc(?:y|ies)|vacatures?|emplois?|empleos?|lavoro)(?:[/.-]|$)",
    re.IGNORECASE,
)
_LIST_PATH = re.compile(
    r"/(?:tags?|topics?|thema|themen|themes?|category|categories|kategorien?|rubriken?|authors?|autor(?:en)?|schlagwort|stichwort"
    r"|etiquetas?|sujets?|mots?-cles?"
    r"|keywords?|label|search|suche|archive?s?)/[^/]+(?:/(?:page/)?\d*)?/?$|/(?:search|suche|archive)/?$",
    re.IGNORECASE,
)
_SLUG = re.compile(r"\d{4,}|(?:[^-_]+[-_]){3}")
"""What the path of an article has: a number, or words of its title."""
_OUTSIDE = re.compile(r"(?:^|[-_\s])(?:nav|navigation|menu|footer|cookie|consent|comments?|topbar)(?:$|[-_\s])", re.IGNORECASE)


def not_an_article(page: Page, *, title: str, text: str) -> str | None:
    """One of `REASONS`, or None for an article; `text` is what `bodies.body` found, empty when that was nothing."""
    if page.tree is None:
        return None
    if _is_paywall_stub(page, title, text):
        return "paywall"
    if _calls_itself_article(page):
        return None
    brief = weight_of(text) < BRIEF
    path = _path(page.url)
    for reason, pattern in (("notFound", _NOT_FOUND), ("consent", _CONSENT), ("login", _LOGIN), ("signUp", _SIGN_UP)):
        if brief and _names_itself(page, title, pattern) and (reason in {"notFound", "consent"} or _asks_for_input(page.tree)):
            return reason
    if any("JobPosting" in types_of(thing) for thing in page.things) or (_JOB_TITLE.search(title) and _JOB_PATH.search(path)):
        return "jobAd"
    if _LIST_PATH.search(path):
        return "tagList" if _teasers(page.tree) >= MIN_TEASERS else None
    is_shallow = path.count("/") <= 2 and not _SLUG.search(path) and not _is_numbered(page.url)
    is_front = is_shallow and _is_name_of_list(page, title) and _teasers(page.tree) >= MIN_TEASERS
    return "sectionFront" if is_front else None


def _is_paywall_stub(page: Page, title: str, text: str) -> bool:
    """Little text, and the page says that the rest is for subscribers: in its mark-up or in words."""
    if _GATE_TITLE.search(title):
        return True
    weight = weight_of(text)
    if weight >= STUB:
        return False
    is_free = [text_of(value).lower() != "false" and value is not False for value in _declared_free(page)]
    if not all(is_free) and weight < DECLARED_STUB:
        return True
    if any(is_free) or page.tree is None:
        return False
    shown = islice(blocks(page.tree, is_refused=_is_outside), _MAX_BLOCKS)
    return any(_PAYWALL.search(block.text) for block in shown if block.tag not in {"li", "ul"} and len(block.text) < 400)


def _is_outside(names: str) -> bool:
    return bool(_OUTSIDE.search(names))


def _declared_free(page: Page) -> list[object]:
    return [article["isAccessibleForFree"] for article in page.articles if "isAccessibleForFree" in article]


def _calls_itself_article(page: Page) -> bool:
    if page.articles or "article:published_time" in page.meta:
        return True
    return any(content.lower().startswith(("article", "video")) for content in page.meta.get("og:type", ()))


def _names_itself(page: Page, title: str, pattern: re.Pattern[str]) -> bool:
    """Whether the title, the title tag or the first heading starts with what `pattern` knows."""
    heading = page.tree.find(".//h1") if page.tree is not None else None
    first = " ".join(heading.text_content().split()) if heading is not None else ""
    return any(len(name) <= _MAX_TITLE and pattern.search(name) for name in (title, page.title_tag, first))


def _is_name_of_list(page: Page, title: str) -> bool:
    """Whether the title is a site's or section's: its own name, a few words, or that of a story which the title tag does not name."""
    key = letters_only(title)
    site = {letters_only(name) for name in page.meta.get("og:site_name", ())} | {registered_domain(page.url).partition(".")[0]}
    if key in site or (title.isascii() and len(title.split()) <= _FEW_WORDS):
        return True
    return not _path(page.url).strip("/") and key[:_SAME] not in letters_only(page.title_tag)


def _asks_for_input(tree: lxml.html.HtmlElement) -> bool:
    return any((field.get("type") or "text").lower() in {"password", "email"} for field in tree.iter("input"))


def _teasers(tree: lxml.html.HtmlElement) -> int:
    """How many headings are links: titles of other pages."""
    count = 0
    for heading in tree.iter("h2", "h3", "h4"):
        parent = heading.getparent()
        is_link = heading.find(".//a") is not None or (parent is not None and parent.tag == "a")
        count += is_link and len(heading.text_content().strip()) >= 15
    return count


def _path(url: str) -> str:
    try:
        return unquote(urlsplit(url).path)
    except ValueError:
        return ""


def _is_numbered(url: str) -> bool:
    """Whether the query chooses a page by a number, as old content systems do."""
    try:
        return any(value.isdigit() for _, value in parse_qsl(urlsplit(url).query))
    except ValueError:
        return False

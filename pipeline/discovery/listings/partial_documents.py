"""Cuts a feed or sitemap whose answer broke off after its last complete entry. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from pipeline.core.models import Answer, Exchange, Validators

_ENTRY_END = re.compile(rb"</(?:[A-Za-z_][\w.-]{0,63}:)?(?:item|entry|url|sitemap)\s*>", re.IGNORECASE)
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{")


def partial_listing(answer: Answer) -> Exchange | None:
    """The last exchange of an answer whose body broke off, with the body up to the end of its last complete entry.

    Its validators are dropped: they belong to the whole document, and a 304 to them would hide the missing entries. None when the answer
    did not break off, or broke off before the end of an entry. A JSON document is returned uncut, because its reader cuts it.
    """
    final = answer.final
    if final is None or answer.error is None or answer.error.reason != "truncated" or final.status != 200:
        return None
    body = final.body
    if not _JSON.match(body[:200]):
        end = max((match.end() for match in _ENTRY_END.finditer(body)), default=0)
        body = body[:end]
    return replace(final, body=body, validators=Validators()) if body else None

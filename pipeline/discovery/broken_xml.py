"""Repairs XML that makes a parser drop text or refuse the document, and names elements by their local names.

Pure: bytes in, bytes out. A well-formed document is returned unchanged. The repairs work on the bytes of any encoding that extends ASCII,
so that the encoding need not be known; UTF-16 is converted to UTF-8 first, UTF-32 and ISO-2022 are returned unchanged.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from html.entities import html5

from lxml import etree

_NOT_TEXT = rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)"
_REFERENCE = re.compile(
    _NOT_TEXT + rb"|&(?!(?:amp|lt|gt|quot|apos);)(?:#([0-9]+);|#[xX]([0-9A-Fa-f]+);|([A-Za-z][A-Za-z0-9]{0,31});)?", re.DOTALL
)
"""A reference that may be wrong. CDATA sections, comments and instructions are matched first, so that nothing in them is changed."""
_PREDEFINED = re.compile(_NOT_TEXT + rb"|&(amp|lt|gt|quot|apos);", re.DOTALL)
_NUMERIC = {b"amp": b"&#38;", b"lt": b"&#60;", b"gt": b"&#62;", b"quot": b"&#34;", b"apos": b"&#39;"}
_DECLARES_ENTITIES = re.compile(rb"<!ENTITY", re.IGNORECASE)
_NO_CHARACTER = b"&#65533;"
"""A reference to the replacement character."""
_ENCODED_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_ENCODING_DECLARATION = re.compile(rb"^(\s*<\?xml[^>]{0,100}?)\s+encoding\s*=\s*[\"'][^\"'>]{0,40}[\"']")
_MAX_DIGITS = 7
"""Decimal digits of the largest code point, 1114111."""
_PREFIXED = re.compile(_NOT_TEXT + rb"|</?([A-Za-z_][\w.-]{0,63}):", re.DOTALL)
_DECLARED = re.compile(rb"\bxmlns:([A-Za-z_][\w.-]{0,63})\s*=")
_START_TAG = re.compile(_NOT_TEXT + rb"|<((?:([A-Za-z_][\w.-]{0,63}):)?[A-Za-z_][\w.-]{0,63})", re.DOTALL)


def without_half_characters(body: bytes) -> bytes:
    """Convert a document in UTF-16 with a byte order mark to UTF-8, and replace halves of surrogate pairs in UTF-8 by U+FFFD.

    Any other document is returned unchanged.
    """
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = body.decode("utf-16", "replace").encode("utf-8", "replace")
        return _ENCODING_DECLARATION.sub(rb"\1", text, count=1)
    repaired = _ENCODED_SURROGATE.sub("\N{REPLACEMENT CHARACTER}".encode(), body)
    if repaired == body:
        return body
    try:
        repaired.decode()
    except UnicodeDecodeError:  # the bytes are characters of another encoding
        return body
    return repaired


def repair_references(body: bytes) -> bytes:
    """Replace every reference that XML does not define.

    A bare `&` becomes `&amp;`, because after one libxml2 drops all further references of the document. HTML's named characters become
    numeric references. A reference to no character (half a surrogate pair, a control character, a number beyond Unicode) becomes U+FFFD.
    """
    if b"&" not in body or _is_wide(body):
        return body
    keeps_names = _DECLARES_ENTITIES.search(body) is not None

    def repaired(match: re.Match[bytes]) -> bytes:
        whole, decimal, hexadecimal, name = match[0], match[1], match[2], match[3]
        if not whole.startswith(b"&"):
            return whole
        if decimal is not None or hexadecimal is not None:
            return whole if _is_character(decimal, 10) or _is_character(hexadecimal, 16) else _NO_CHARACTER
        if name is None:
            return b"&amp;"
        if keeps_names:
            return whole
        characters = html5.get(f"{name.decode()};")
        return b"".join(b"&#%d;" % ord(one) for one in characters) if characters is not None else b"&amp;" + whole[1:]

    return _REFERENCE.sub(repaired, body)


def numeric_references(body: bytes) -> bytes:
    """The document with XML's own named references as numbers: after any fault, libxml2 drops named ones and keeps these."""
    if b"&" not in body or _is_wide(body):
        return body
    return _PREDEFINED.sub(lambda match: match[0] if match[1] is None else _NUMERIC[match[1]], body)


def declare_prefixes(body: bytes, known: Mapping[str, str]) -> bytes:
    """Declare a namespace for every undeclared prefix of the document: the one in `known`, else one made from the prefix.

    An undeclared prefix of the root element that is not in `known` is removed from all elements.
    """
    if _is_wide(body):
        return body
    root = next((match for match in _START_TAG.finditer(body) if match[1] is not None), None)
    if root is None:
        return body
    used = dict.fromkeys(match[1] for match in _PREFIXED.finditer(body) if match[1] is not None)
    declared = {match[1] for match in _DECLARED.finditer(body)} | {b"xml"}
    missing = [prefix for prefix in used if prefix not in declared]
    at = root.end(1)
    without = root[2] if root[2] in missing and root[2].decode() not in known else None
    names = [prefix.decode() for prefix in missing if prefix != without]
    declarations = "".join(f' xmlns:{name}="{known.get(name, f"urn:undeclared:{name}")}"' for name in names)
    body = body[:at] + declarations.encode() + body[at:]
    return body if without is None else re.sub(rb"(</?)" + re.escape(without) + rb":", rb"\1", body)


def local_name(element: etree._Element) -> str:
    """The element's name in lower case, without its namespace or an undeclared prefix; empty for comments and instructions."""
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(tag, str) else ""


def _is_wide(body: bytes) -> bool:
    return b"\0" in body[:8] or b"\x1b$" in body


def _is_character(digits: bytes | None, base: int) -> bool:
    """Whether XML 1.0 allows a reference to the character of this number."""
    if digits is None or len(digits.lstrip(b"0")) > _MAX_DIGITS:
        return False
    number = int(digits, base)
    return number in (0x9, 0xA, 0xD) or 0x20 <= number <= 0xD7FF or 0xE000 <= number <= 0xFFFD or 0x10000 <= number <= 0x10FFFF

"""Finds the encoding of a document from its byte order mark, its bytes and its declarations, which may be wrong, and decodes it.

Pure. Never raises on any bytes.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import accumulate, islice

from charset_normalizer import from_bytes

_PRESCAN = 4096
"""Bytes searched for a `meta charset`. The HTML standard asks for 1024; real heads put it later."""
_DETECTION_SAMPLE = 30_000
"""Bytes that charset-normalizer is given. A plain choice: its time grows with them."""
_PART = 32_768
"""Bytes decoded at a time to check that they are UTF-8, in half the time of decoding the whole body."""
_BROKEN_SHARE = 0.05
"""Share of undecodable characters among those beyond ASCII from which a declared encoding counts as wrong. A plain choice."""

_STRAY_SHARE = 0.005
"""The same share, up to which an undeclared encoding of two bytes is accepted although detection does not name it."""
_TWO_BYTES = ("gb18030", "cp932", "cp949")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_META_CHARSET = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]+)", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"^\s*<\?xml[^>]{0,100}encoding\s*=\s*[\"']([A-Za-z0-9_:.-]+)", re.IGNORECASE)
_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]+)", re.IGNORECASE)
# The WHATWG encoding standard reads these labels as their supersets.
_LABELS = {
    "iso-8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252", "x-cp1252": "cp1252",
    "iso-8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030", "gb_2312-80": "gb18030", "x-gbk": "gb18030", "shift_jis": "cp932",
    "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932", "euc-kr": "cp949", "ks_c_5601-1987": "cp949",
    "big5": "big5hkscs", "tis-620": "cp874", "iso-8859-11": "cp874", "x-user-defined": "cp1252", "unicode": "utf-8", "utf8": "utf-8",
    "utf-16": "utf-8", "utf-16le": "utf-8", "utf-16be": "utf-8",
}  # fmt: skip
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")
_BEFORE = 40
"""Bytes before a byte beyond ASCII that go into the sample. A plain choice."""
_TEXT = re.compile(rb"[^<>]{0,%d}[\x80-\xff][^<>]{0,200}[\x80-\xff]*[^<>\x80-\xff]?" % _BEFORE)
"""Ends after a run of bytes beyond ASCII, so that no character of two bytes is cut: half a character hides the encoding."""
_ESCAPED = frozenset({"iso2022_jp", "hz", "iso2022_kr"})
_NO_PAGE_ENCODING = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "utf_7", "mbcs", "oem"})


def decode(body: bytes, content_type: str | None = None) -> tuple[str, str | None]:
    """The name of the encoding of `body`, and its text; None for the text when the bytes are UTF-8 and can be parsed as they are.

    The encoding is that of the byte order mark; else UTF-8 when the whole body is valid UTF-8 (texts in other encodings hardly ever are);
    else that of the header, then that of the document (HTML standard, section 13.2.3), the first that fits the bytes. When these two differ
    and detection confirms one, that one: servers often declare one encoding for all pages. Detection alone comes last.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return name, None if name == "utf-8" else body.decode(name, "replace")
    is_utf8 = _is_utf8(body)
    if is_utf8 and not body.isascii():
        return "utf-8", None
    labels = list(dict.fromkeys(_labels(body, content_type)))
    if is_utf8 and not (labels and labels[0] in _ESCAPED):
        return "utf-8", None
    if len(labels) > 1:
        detected = _detect(body)
        labels.sort(key=lambda name: name != detected)
    beyond_ascii = max(1, len(body) - len(body.translate(None, bytes(range(0x80, 0x100)))))
    for name in [*labels, "utf-8"]:
        text = body.decode(name, "replace")
        if text.count("\ufffd") <= _BROKEN_SHARE * beyond_ascii:
            return name, text
    name = _detect(body) or next(_nearly(body, beyond_ascii), labels[0] if labels else "utf-8")
    name = _LABELS.get(name, name)
    return name, body.decode(name, "replace")


def _nearly(body: bytes, beyond_ascii: int) -> Iterator[str]:
    """The encodings of two bytes a character that nearly all of `body` fits: one broken character hides an encoding from detection."""
    return (name for name in _TWO_BYTES if body.decode(name, "replace").count("\ufffd") <= _STRAY_SHARE * beyond_ascii)


def _is_utf8(body: bytes) -> bool:
    if body.isascii():
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(body), _PART):
            decoder.decode(body[start : start + _PART])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _labels(body: bytes, content_type: str | None) -> Iterator[str]:
    header = _HEADER_CHARSET.search(content_type or "")
    head = body[:_PRESCAN]
    found = [header[1]] if header else []
    found += [match[1].decode("ascii") for match in (_META_CHARSET.search(head), _XML_ENCODING.search(head)) if match]
    for label in found:
        name = _LABELS.get(label.lower(), label.lower())
        try:
            codec = codecs.lookup(name)
            b"<".decode(name)
        except (LookupError, ValueError):  # also for codecs that are no character encodings (`hex`, `rot13`)
            continue
        normal = codec.name.replace("-", "_")
        if normal not in _NO_PAGE_ENCODING:
            yield "utf-8" if normal == "utf_8" else normal


def beyond_ascii(body: bytes) -> Iterator[bytes]:
    """The texts around bytes that are not ASCII, without mark-up: a sample of the language of `body`."""
    end = 0
    for found in _HIGH_BYTE.finditer(body):
        if found.start() >= end:
            start = max(end, found.start() - _BEFORE)
            start = max(start, body.rfind(b"<", start, found.start()) + 1, body.rfind(b">", start, found.start()) + 1)
            text = _TEXT.match(body, start)
            if text:
                end = text.end()
                yield text[0]


def _detect(body: bytes) -> str | None:
    # Mark-up is ASCII and only dilutes the sample: the bytes around those beyond ASCII decide.
    parts = list(islice(beyond_ascii(body), 400))
    ends = accumulate(map(len, parts))
    sample = b" ".join(part for part, end in zip(parts, ends, strict=True) if end - len(part) < _DETECTION_SAMPLE)
    best = from_bytes(sample or body[:_DETECTION_SAMPLE]).best()
    return best.encoding if best is not None else None

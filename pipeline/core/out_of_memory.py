"""Recognises errors of C parsers that mean a lack of memory and not a malformed document. Pure."""

from __future__ import annotations

from xml.parsers import expat

from lxml import etree

_LIBXML2 = frozenset({etree.ErrorTypes.ERR_NO_MEMORY, etree.ErrorTypes.XPATH_MEMORY_ERROR})
_EXPAT = expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]


def is_out_of_memory(error: Exception) -> bool:
    """Whether `error` means that memory ran out: the document is then too large, but not malformed."""
    if isinstance(error, etree.XMLSyntaxError):
        return error.code in _LIBXML2
    if isinstance(error, etree.XPathError):
        return any(entry.type in _LIBXML2 for entry in error.error_log)
    return isinstance(error, MemoryError) or (isinstance(error, expat.ExpatError) and error.code == _EXPAT)

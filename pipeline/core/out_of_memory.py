"""What parsers in C say when they get no memory: an error like any other of theirs, with a number of its own. Pure."""

from __future__ import annotations

from xml.parsers import expat

from lxml import etree

_LIBXML2 = frozenset({etree.ErrorTypes.ERR_NO_MEMORY, etree.ErrorTypes.XPATH_MEMORY_ERROR})
_EXPAT = expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]


def is_shortage(error: Exception) -> bool:
    """Whether an error says that there was no memory, which tells nothing of a document but its size."""
    if isinstance(error, etree.XMLSyntaxError):
        return error.code in _LIBXML2
    if isinstance(error, etree.XPathError):
        return any(entry.type in _LIBXML2 for entry in error.error_log)
    return isinstance(error, MemoryError) or (isinstance(error, expat.ExpatError) and error.code == _EXPAT)

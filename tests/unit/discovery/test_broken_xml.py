"""XML that breaks its rules, repaired before it is parsed."""

from __future__ import annotations

import pytest
from lxml import etree

from pipeline.discovery.broken_xml import declare_prefixes, local_name, repair_references, without_half_characters


@pytest.mark.parametrize(
    ("given", "repaired"),
    [
        ("<a>x?a=1&b=2</a>", "<a>x?a=1&amp;b=2</a>"),
        ("<a>x?a=1&amp;b=2&#38;c=3&#x26;d</a>", "<a>x?a=1&amp;b=2&#38;c=3&#x26;d</a>"),
        ("<a>caf&eacute;&nbsp;&unknown;</a>", "<a>caf&#233;&#160;&amp;unknown;</a>"),
        ("<a>&#55356;&#xDFC6;</a>", "<a>&#65533;&#65533;</a>"),
        ("<a>&#11;&#0;&#99999999999;&#x110000;</a>", "<a>&#65533;&#65533;&#65533;&#65533;</a>"),
        ("<a><![CDATA[a & b &nbsp;]]><!-- a & b -->&</a>", "<a><![CDATA[a & b &nbsp;]]><!-- a & b -->&amp;</a>"),
        ("<!DOCTYPE a [<!ENTITY own 'x'>]><a>&own; & &#xD800;</a>", "<!DOCTYPE a [<!ENTITY own 'x'>]><a>&own; &amp; &#65533;</a>"),
    ],
)
def test_only_references_that_xml_does_not_know_are_replaced(given: str, repaired: str) -> None:
    assert repair_references(given.encode()) == repaired.encode()


def test_undeclared_prefixes_get_a_namespace_and_that_of_an_unknown_root_goes() -> None:
    body = declare_prefixes(b"<?xml version='1.0'?><x:rss><x:channel><dc:date/><own:thing/></x:channel></x:rss>", {"dc": "urn:dc"})
    root = etree.fromstring(body)
    assert [element.tag for element in root.iter()] == ["rss", "channel", "{urn:dc}date", "{urn:undeclared:own}thing"]


def test_declared_prefixes_stay() -> None:
    body = b"<x:rss xmlns:x='urn:x' xml:lang='en'><x:channel/></x:rss>"
    assert declare_prefixes(body, {}) == body


def test_halves_of_characters_become_replacement_characters() -> None:
    assert without_half_characters(b"<a>\xc3\xa9\xed\xa0\xbc</a>").decode() == "<a>é\N{REPLACEMENT CHARACTER}</a>"
    latin = "<a>í ¼ é</a>".encode("latin-1")
    assert without_half_characters(latin) == latin
    wide = "<?xml version='1.0' encoding='UTF-16'?><a>é</a>"
    assert without_half_characters(wide.encode("utf-16")).decode() == "<?xml version='1.0'?><a>é</a>"


def test_names_are_local_and_in_lower_case() -> None:
    parser = etree.XMLParser(recover=True)
    root = etree.fromstring(b"<News:URLSET><a xmlns='urn:a'/><!-- x --></News:URLSET>", parser)
    assert [local_name(element) for element in root.iter()] == ["urlset", "a", ""]

"""Other extractors in the words of the shared scorer, for bench/extraction.py --peers; the extra `peers` installs them.

Each is called as its documentation shows for HTML that is at hand, with nothing fetched. What a tool does not give is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lxml.html


def readability(html: bytes, url: str) -> dict[str, Any]:
    """readability-lxml: a title, and the HTML of the article, read as plain text."""
    from readability import Document

    document = Document(html, url=url)
    summary = lxml.html.fromstring(document.summary(html_partial=True))
    return {"title": document.short_title(), "text": "\n".join(part.strip() for part in summary.itertext() if part.strip())}


def newspaper(html: bytes, url: str) -> dict[str, Any]:
    """newspaper4k, which fetches no pictures here: the lead image is the one that the page declares."""
    from newspaper import Article

    article = Article(url, fetch_images=False)
    article.download(input_html=_text(html))
    article.parse()
    return {
        "title": article.title,
        "authors": list(article.authors),
        "published": article.publish_date,
        "text": article.text,
        "image": article.top_image,
        "language": article.meta_lang,
    }


def resiliparse(html: bytes, url: str) -> dict[str, Any]:  # noqa: ARG001  the scorer gives the address to all
    """resiliparse: the title tag, and its plain text of the main content."""
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    tree = HTMLTree.parse(_text(html))
    text = extract_plain_text(tree, main_content=True, alt_texts=False, links=False, preserve_formatting=True)
    return {"title": tree.title, "text": text}


def _text(html: bytes) -> str:
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    return str(bytes_to_str(html, detect_encoding(html)))


PEERS: dict[str, Callable[[bytes, str], dict[str, Any]]] = {
    "readability-lxml": readability,
    "newspaper4k": newspaper,
    "resiliparse": resiliparse,
}

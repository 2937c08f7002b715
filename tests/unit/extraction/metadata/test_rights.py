"""What a page and its answer say of the use of the article."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.core.rights import Rights
from pipeline.extraction.metadata.rights import PageAnswer, read_rights
from pipeline.lake.manifests import HostDeclaration
from tests.unit.extraction.test_pages import json_ld, page

AT = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
POLICY = "https://www.kestrel.example/policies/tdm.json"
DEED = "https://creativecommons.org/licenses/by-nc/3.0/de/"


def rights(head: str = "", body: str = "<p>x</p>", *headers: tuple[str, str]) -> Rights | None:
    return read_rights(page(head, body), PageAnswer("news-pipeline", headers, AT))


def said(found: Rights | None) -> list[str]:
    return [f"{wish.place} {wish.wish}{'' if wish.value is None else '=' + wish.value}" for wish in (found.wishes if found else ())]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("<meta name=robots content='noindex, noarchive'>", ["meta.robots noindex", "meta.robots noarchive"]),
        ("<META NAME=ROBOTS CONTENT=NOAI>", ["meta.robots noai"]),
        ("<meta name=News-Pipeline content=noarchive><meta name=googlebot content=noindex>", ["meta.news-pipeline noarchive"]),
        ("<meta name=tdm-reservation content=1>", ["meta.tdm-reservation tdmReservation=reserved"]),
        (
            "<meta name=tdm-reservation content=1><meta name=tdm-policy content='/policies/tdm.json'>",
            ["meta.tdm-reservation tdmReservation=reserved", f"meta.tdm-policy tdmPolicy={POLICY}"],
        ),
        ("<meta name=tdm-reservation content=yes><meta name=tdm-policy content='/policies/tdm.json'>", []),
        ("<meta name=copyright content='&copy; 2026 The Kestrel'>", ["meta.copyright copyrightNotice=© 2026 The Kestrel"]),
        ("<meta name=robots content='index, follow, max-image-preview:large'><meta name=copyright content=''>", []),
    ],
)
def test_meta_elements_state_wishes(head: str, expected: list[str]) -> None:
    assert said(rights(head)) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([("x-robots-tag", "noindex"), ("x-robots-tag", "googlebot: noarchive")], ["header.x-robots-tag noindex"]),
        (
            [("content-usage", "train-ai=n"), ("content-usage", "search=y")],
            ["header.content-usage search=yes", "header.content-usage aiTrain=no"],
        ),
        ([("content-signal", "ai-train=no")], ["header.content-signal aiTrain=no"]),
        (
            [("tdm-reservation", "1"), ("tdm-policy", POLICY)],
            ["header.tdm-reservation tdmReservation=reserved", f"header.tdm-policy tdmPolicy={POLICY}"],
        ),
    ],
)
def test_headers_state_wishes(headers: list[tuple[str, str]], expected: list[str]) -> None:
    assert said(rights("", "<p>x</p>", *headers)) == expected


def test_the_page_s_own_reservation_counts_for_more_than_its_answer_s() -> None:
    found = rights("<meta name=tdm-reservation content=0>", "<p>x</p>", ("tdm-reservation", "1"), ("tdm-policy", POLICY))
    assert found is not None
    assert found.tdm == "notReserved"
    assert len(found.wishes) == 3


@pytest.mark.parametrize(
    ("thing", "expected"),
    [
        ({"license": "http://creativecommons.org/licenses/by-nc/3.0/de/deed.en"}, [f"jsonld.license license={DEED}"]),
        (
            {"license": {"@type": "CreativeWork", "name": "Terms", "url": "/terms"}},
            ["jsonld.license license=https://www.kestrel.example/terms"],
        ),
        ({"license": "ALL_RIGHTS_RESERVED"}, ["jsonld.license license=ALL_RIGHTS_RESERVED"]),
        ({"usageInfo": "https://www.kestrel.example/reuse"}, ["jsonld.usageInfo usageInfo=https://www.kestrel.example/reuse"]),
        ({"copyrightHolder": {"@type": "Organization", "name": "Kestrel Media"}}, ["jsonld.copyrightHolder copyrightHolder=Kestrel Media"]),
        ({"copyrightNotice": "© Kestrel"}, ["jsonld.copyrightNotice copyrightNotice=© Kestrel"]),
        ({"license": {"@type": "CreativeWork"}, "copyrightHolder": []}, []),
    ],
)
def test_json_ld_states_the_terms_of_the_article(thing: dict[str, object], expected: list[str]) -> None:
    assert said(rights(json_ld({"@type": "NewsArticle", "headline": "Owls", **thing}))) == expected


def test_a_licence_link_is_the_article_s_unless_it_stands_with_a_picture() -> None:
    link = f"<a rel=license href='{DEED}'>CC</a>"
    assert said(rights("", f"<p>x</p><footer>{link}</footer>")) == [f"a.license license={DEED}"]
    assert said(rights(f"<link rel='alternate LICENSE' href='{DEED}'>")) == [f"link.license license={DEED}"]
    assert rights("", f"<figure><img src=a.jpg><figcaption>{link}</figcaption></figure>") is None
    assert rights("", f"<a rel='license-x' href='{DEED}'>CC</a>") is None


def test_the_licence_in_the_article_s_data_counts_for_more_than_a_link() -> None:
    found = rights(
        json_ld({"@type": "NewsArticle", "headline": "Owls", "license": "https://www.kestrel.example/terms"}),
        f"<a rel=license href='{DEED}'>",
    )
    assert found is not None
    assert found.license == "https://www.kestrel.example/terms"


def test_every_statement_has_its_time_and_none_stands_twice() -> None:
    found = rights("<meta name=robots content=noai><meta name=robots content='noai, noimageai'>")
    assert said(found) == ["meta.robots noai", "meta.robots noimageai"]
    assert found is not None
    assert {wish.at for wish in found.wishes} == {AT}


ROOT = "https://www.kestrel.example"
EARLIER = datetime(2026, 11, 20, 3, tzinfo=UTC)


def declared(name: str, *lines: str, root: str = ROOT) -> HostDeclaration:
    return HostDeclaration(f"{root}/{name}", EARLIER, lines)


def of_host(*declarations: HostDeclaration, head: str = "") -> Rights | None:
    return read_rights(page(head), PageAnswer("news-pipeline", (), AT, declarations))


TDM_FILE = ".well-known/tdmrep.json"
RULE = '{"location": "/2026/", "tdm-reservation": "1", "tdm-policy": "/policies/tdm.json"}'


def test_what_the_host_declares_counts_with_the_time_of_its_own_answer() -> None:
    found = of_host(declared("robots.txt", "Content-Signal: ai-train=no"), declared(TDM_FILE, RULE))
    assert said(found) == [
        "robots.txt.content-signal aiTrain=no",
        "tdmrep.json tdmReservation=reserved",
        f"tdmrep.json tdmPolicy={POLICY}",
    ]
    assert found is not None
    assert (found.tdm, found.tdm_policy) == ("reserved", POLICY)
    assert {wish.at for wish in found.wishes} == {EARLIER}


def test_the_declaration_of_another_host_does_not_count() -> None:
    others = [
        declared(name, *lines, root=root)
        for root in (f"{ROOT}:8443", "https://kestrel.example", "http://www.kestrel.example")
        for name, lines in (("robots.txt", ["Content-Signal: ai-train=no"]), (TDM_FILE, [RULE]))
    ]
    assert of_host(*others, declared(TDM_FILE, RULE.replace("2026", "2025"))) is None


def test_the_page_s_own_word_overrides_the_file_of_its_host() -> None:
    found = of_host(declared(TDM_FILE, RULE), head="<meta name=tdm-reservation content=0>")
    assert found is not None
    assert (found.tdm, found.tdm_policy) == ("notReserved", None)

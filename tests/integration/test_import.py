"""`news import`: WARC files of any origin, and the real pages."""

from __future__ import annotations

import gzip
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from pipeline.capture import imports
from pipeline.capture.imports import import_file
from pipeline.core.catalogue import Catalogue
from pipeline.core.errors import WarcError
from pipeline.core.models import Part
from pipeline.core.settings import Settings
from pipeline.lake import storage
from pipeline.lake.archives.warc import read_records
from pipeline.lake.ledgers import read_manifest
from pipeline.lake.storage import Lake
from pipeline.operations import stages
from tests.days import DAY, share_of
from tests.integration.articles import PAGES, warc
from tests.integration.test_capture import HOUR, ONE, article, feed, source
from tests.integration.test_rebuild import files
from tests.integration.walking import StoppedClock
from tests.newsroom import Newsroom

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

REAL_PAGES: list[tuple[str, dict[str, int]]] = [
    ("aeb", {}),
    ("postlight", {}),
    ("mediacloud", {"signUp": 1, "tagList": 1}),
    ("readability", {"sectionFront": 1}),
]
"""Sets of real pages, with the reasons of those that are no articles."""


def repacked(path: Path, to: Path) -> Path:
    """The WARC file at `path` as a WACZ or as frames of Zstandard, by the name of `to`."""
    octets = gzip.decompress(path.read_bytes())
    if to.suffix == ".wacz":
        with zipfile.ZipFile(to, "w") as archive:
            archive.writestr("archive/data.warc.gz", path.read_bytes())
            archive.writestr("datapackage.json", b'{"profile": "data-package"}')
        return to
    starts = [match.start() for match in re.finditer(rb"(?:\A|(?<=\r\n\r\n))WARC/1\.[01]\r\n", octets)]
    records = [octets[start:end] for start, end in zip(starts, [*starts[1:], len(octets)], strict=True)]
    dictionary = zstd.train_dict(records * 4, 4_000)
    frame = b"\x5d\x2a\x4d\x18" + len(dictionary.dict_content).to_bytes(4, "little") + dictionary.dict_content
    to.write_bytes(frame + b"".join(zstd.compress(one, zstd_dict=dictionary) for one in records))
    return to


@pytest.mark.parametrize(("name", "no_articles"), [pytest.param(*case, id=f"{case[0]}-{DAY}") for case in share_of(REAL_PAGES, day=DAY)])
def test_every_real_page_has_exactly_one_outcome(
    shared: Path, offline: Settings, shipped: Catalogue, name: str, no_articles: dict[str, int]
) -> None:
    path = shared / "corpora" / "extraction" / f"{name}.warc.gz"
    with path.open("rb") as file:
        urls = [record.url for record in read_records(file, max_body_bytes=1) if record.type == "response"]
    (report,), walk = stages.import_files(offline, shipped, [path])
    ledger = ds.dataset(f"{offline.lake}/ledger", format="parquet").to_table().to_pylist()
    assert Counter(row["url"] for row in ledger) == Counter(dict.fromkeys(urls, 1))
    assert sum(report.counts.values()) == len(urls)
    ended = Counter(row["outcome"] for row in ledger)
    assert ended["captured"] == sum(one.articles for one in walk.extracts)
    extracted = ds.dataset(f"{offline.lake}/extracted", format="parquet")
    undated = sum(row["reason"] == "noDate" for row in ledger)
    assert extracted.count_rows() == ended["captured"] + undated == len(urls) - sum(no_articles.values())
    assert Counter(row["reason"] for row in ledger if row["outcome"] != "captured" and row["reason"] != "noDate") == no_articles
    dated = sum(
        row is not None for row in ds.dataset(f"{offline.lake}/extracted", format="parquet").to_table()["publishedDateTime"].to_pylist()
    )
    assert dated > 0
    assert sum(one.articles for one in walk.publishes) <= dated


def test_importing_a_file_again_changes_nothing(shared: Path, offline: Settings, shipped: Catalogue) -> None:
    path = shared / "corpora" / "extraction" / "mediacloud.warc.gz"
    stages.import_files(offline, shipped, [path])
    before = files(offline.lake)
    (report,), walk = stages.import_files(offline, shipped, [path])
    assert report.is_known
    assert not any(one.rebuilt for one in walk.publishes)
    assert files(offline.lake) == before


def test_warc_files_of_many_origins_are_read_or_refused(shared: Path, offline: Settings, shipped: Catalogue) -> None:
    read = refused = 0
    for path in sorted((shared / "corpora" / "warc").iterdir()):
        if path.suffix == ".jsonl":
            continue
        if path.suffix == ".lz4":
            with pytest.raises(WarcError, match=re.escape(path.name)):
                stages.import_files(offline, shipped, [path])
            refused += 1
        else:
            stages.import_files(offline, shipped, [path])
            read += 1
    assert (read, refused) == (34, 2)  # the two are lz4, which no WARC standard names


def test_a_capture_of_ours_can_be_imported_elsewhere(room: Newsroom, tmp_path: Path, make_catalogue: Callable[..., Catalogue]) -> None:
    room.add_page(f"{ONE}/a", article("The harbour bridge is closed"))
    room.add_page(f"{ONE}/feed", feed(f"{ONE}/a"), content_type="application/rss+xml")
    sources = make_catalogue([source(ONE)])
    here, there = (Settings(**room.settings, lake=str(tmp_path / name)) for name in ("here", "there"))
    stages.run(here, sources, HOUR, live=True, clock=StoppedClock())
    captures = Path(here.lake, storage.captures_path(Part(HOUR, "00")))
    (report,), _ = stages.import_files(there, sources, [captures])
    (part,) = report.parts
    ours, theirs = (
        Lake(lake).read_table(storage.extracted_path(one)).to_pylist()[0]
        for lake, one in ((here.lake, Part(HOUR, "00")), (there.lake, part))
    )
    same = ("webUrl", "title", "text", "publishedDateTime", "payloadDigest", "sourceId")
    assert {name: ours[name] for name in same} == {name: theirs[name] for name in same}
    assert theirs["via"] == "warc"


def test_what_is_no_warc_is_refused_by_name(tmp_path: Path, offline: Settings, shipped: Catalogue) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader,")
    with pytest.raises(WarcError, match=r"letter\.txt"):
        stages.import_files(offline, shipped, [path])


@pytest.mark.parametrize("packing", ["wacz", "warc.zst"])
def test_a_wacz_and_a_file_of_frames_give_the_pages_of_a_warc_file(
    tmp_path: Path, offline: Settings, shipped: Catalogue, packing: str
) -> None:
    path = warc(tmp_path / "a.warc.gz", datetime(2026, 11, 20, 12, tzinfo=UTC), *PAGES[:6])
    lakes = [Settings(lake=str(tmp_path / name)) for name in ("plain", "packed")]
    for own, given in zip(lakes, (path, repacked(path, tmp_path / f"a.{packing}")), strict=True):
        (report,), _ = stages.import_files(own, shipped, [given])
        assert (report.counts, report.problem) == ({"page.captured": 6}, None)
    names = ("webUrl", "title", "text", "publishedDateTime", "payloadDigest")
    plain, packed = (ds.dataset(Path(own.lake, "articles"), format="parquet").to_table().select(["webUrl", "title"]) for own in lakes)
    assert plain.sort_by("webUrl") == packed.sort_by("webUrl")
    plain, packed = (ds.dataset(Path(own.lake, "extracted"), format="parquet").to_table().select(names) for own in lakes)
    assert plain.sort_by("webUrl") == packed.sort_by("webUrl")


def test_pages_that_archives_decoded_or_coded_twice_are_read(shared: Path, offline: Settings, shipped: Catalogue) -> None:
    (report,), walk = stages.import_files(offline, shipped, [shared / "cases/intake/codings.warc.gz"])
    assert (report.counts, report.problem) == ({"page.captured": 5}, None)
    assert sum(one.articles for one in walk.extracts) == 5


def test_a_blank_line_before_the_first_record_is_passed_over(shared: Path, offline: Settings, shipped: Catalogue) -> None:
    (report,), walk = stages.import_files(offline, shipped, [shared / "cases/intake/leading_blank_line.warc"])
    assert (report.counts, report.other_records, report.problem) == ({"page.captured": 1}, 0, None)
    assert sum(one.articles for one in walk.extracts) == 1


def test_a_long_file_is_committed_in_parts_and_known_again(
    tmp_path: Path, offline: Settings, shipped: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    hours = [warc(tmp_path / f"{hour}.warc.gz", noon + timedelta(hours=hour), *PAGES[3 * hour : 3 * hour + 3]) for hour in range(4)]
    path = tmp_path / "all.warc.gz"
    path.write_bytes(b"".join(one.read_bytes() for one in (*hours, *hours[:1])))
    whole = import_file(Lake(str(tmp_path / "whole")), offline, shipped, path)
    monkeypatch.setattr(imports, "MAX_RECORDS", 2)
    monkeypatch.setattr(imports, "MAX_HELD", 5)
    lake = Lake(offline.lake)
    report = import_file(lake, offline, shipped, path)
    assert len(whole.parts) == 4 < len(report.parts)
    assert report.counts["page.captured"] + report.counts.get("page.repeated", 0) == 15
    pages = [page.entry.url for part in report.parts for page in read_manifest(lake, part).pages]
    assert set(pages) == {url for url, _ in PAGES}
    before = files(offline.lake)
    again = import_file(lake, offline, shipped, path)
    assert (again.is_known, again.parts) == (True, report.parts)
    assert files(offline.lake) == before
    monkeypatch.undo()
    assert import_file(lake, offline, shipped, path).is_known  # whatever the bounds were


def test_a_line_that_a_site_repeats_is_cut_and_told(tmp_path: Path, offline: Settings, shipped: Catalogue) -> None:
    prompt = "Write to the desk at desk@any.example, we read every letter."
    pages = [(url, octets.replace(b"</article>", f"<p>{prompt}</p></article>".encode())) for url, octets in PAGES[:4]]
    stages.import_files(offline, shipped, [warc(tmp_path / "pages.warc", datetime(2026, 11, 20, 12, tzinfo=UTC), *pages)])
    rows = ds.dataset(f"{offline.lake}/extracted", format="parquet").to_table(columns=["text", "alternatives"]).to_pylist()
    assert len(rows) == 4
    assert all(row["text"] and prompt not in row["text"] for row in rows)
    assert all(prompt in dict(row["alternatives"])["text"] for row in rows)

"""Writes the part of CLDR's dates that pages need, as Babel has it, into a table that loads in milliseconds: pipeline/text/data/cldr.tsv.

    python -m bench.cldr

Run it again after a new version of Babel; a test compares the file with Babel.
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel import localedata

from pipeline.text.dates import cldr
from pipeline.text.dates.calendar_names import codes_of, date_names

TARGET = Path(cldr.__file__).parent.parent / "data" / cldr.FILE


def main() -> int:
    """Write the table; returns 0."""
    codes = [code for language in (*date_names()["languages"].split(), *date_names()["locales"]) for code in codes_of(language)]
    TARGET.write_text("".join(f"{line}\n" for line in cldr.table_lines(codes, localedata.locale_identifiers())), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

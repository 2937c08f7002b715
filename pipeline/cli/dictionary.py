"""The data dictionary: the schema of every table as Markdown. Pure."""

from __future__ import annotations

from pipeline.core import schema


def dictionary() -> str:
    """Every column of every table in `pipeline.core.schema` with type, nullability and meaning, as Markdown."""
    lines = ["# Data dictionary", "", "Made from `pipeline/core/schema.py` by `news dictionary`. Times are UTC.", ""]
    for name, contract in schema.TABLES.items():
        lines += [f"## {name}", "", "| column | type | null | meaning |", "|---|---|---|---|"]
        for column in contract:
            meaning = (column.metadata or {})[b"meaning"].decode().replace("|", "\\|")
            kind = str(column.type).replace(" not null", "")
            lines.append(f"| `{column.name}` | `{kind}` | {'yes' if column.nullable else 'no'} | {meaning} |")
        lines.append("")
    return "\n".join(lines)

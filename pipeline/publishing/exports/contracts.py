"""The contract of the tables in the formats of data catalogues: ODCS, Croissant, Frictionless. Pure.

All are made from `pipeline.core.schema`, as the data dictionary and the files are, so that they always agree.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from pipeline import __version__
from pipeline.core import schema

Json = dict[str, Any]

NAME = "news-pipeline"
DESCRIPTION = "News articles as explained records: what was published when and where, why each record has its numbers, and what was seen."
FILES = {
    "articles": "articles/published_date=*/articles.parquet",
    "explain": "explain/published_date=*/explain.parquet",
    "stories": "stories/published_date=*/stories.parquet",
    "extracted": "extracted/interval=*/part-*.parquet",
    "ledger": "ledger/interval=*/part-*.parquet",
    "completeness": "completeness/*.parquet",
}
"""The pattern of a table's files in the lake; the files of other tables are anywhere below the folder with the table's name."""
KEYS = {"articles": ("webUrl",), "explain": ("webUrl",), "stories": ("storyId",), "completeness": ("day", "sourceId")}
"""A table's primary key within one file."""


def files_of(table: str) -> str:
    """The pattern of a table's files, relative to the lake."""
    return FILES.get(table, f"{table}/**/*.parquet")


def odcs() -> Json:
    """The Open Data Contract Standard, version 3.1."""
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": NAME,
        "name": NAME,
        "version": __version__,
        "status": "active",
        "description": {"purpose": DESCRIPTION},
        "schema": [
            {
                "name": name,
                "physicalName": files_of(name),
                "logicalType": "object",
                "physicalType": "table",
                "properties": [_odcs_property(field, keys=KEYS.get(name, ())) for field in contract],
            }
            for name, contract in schema.TABLES.items()
        ],
    }


def croissant() -> Json:
    """Croissant 1.0 of MLCommons, as JSON-LD: a set of files and of records for each table."""
    return {
        "@context": {
            "@language": "en",
            "@vocab": "https://schema.org/",
            "sc": "https://schema.org/",
            "cr": "http://mlcommons.org/croissant/",
            "dct": "http://purl.org/dc/terms/",
            "conformsTo": "dct:conformsTo",
            **{name: f"cr:{name}" for name in ("column", "extract", "field", "fileSet", "includes", "recordSet", "repeated", "source")},
            "subField": "cr:subField",
            "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        },
        "@type": "sc:Dataset",
        "name": NAME,
        "description": DESCRIPTION,
        "version": __version__,
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "distribution": [
            {"@type": "cr:FileSet", "@id": f"{name}-files", "encodingFormat": "application/x-parquet", "includes": files_of(name)}
            for name in schema.TABLES
        ],
        "recordSet": [
            {"@type": "cr:RecordSet", "@id": name, "name": name, "field": [_croissant_field(field, table=name) for field in contract]}
            for name, contract in schema.TABLES.items()
        ],
    }


def frictionless() -> Json:
    """A Data Package of Frictionless with a Table Schema for each table."""
    return {
        "profile": "data-package",
        "name": NAME,
        "description": DESCRIPTION,
        "version": __version__,
        "resources": [
            {
                "name": name,
                "path": files_of(name),
                "format": "parquet",
                "mediatype": "application/x-parquet",
                "schema": {
                    "fields": [_frictionless_field(field) for field in contract],
                    **({"primaryKey": list(KEYS[name])} if name in KEYS else {}),
                },
            }
            for name, contract in schema.TABLES.items()
        ],
    }


def _meaning(field: pa.Field) -> str:
    return str((field.metadata or {}).get(b"meaning", b"").decode())


def _kind(type_: pa.DataType) -> str:
    """The logical type of ODCS for an Arrow type."""
    if pa.types.is_struct(type_) or pa.types.is_map(type_):
        return "object"
    if pa.types.is_list(type_):
        return "array"
    if pa.types.is_timestamp(type_):
        return "timestamp"
    if pa.types.is_date(type_):
        return "date"
    if pa.types.is_integer(type_):
        return "integer"
    if pa.types.is_floating(type_):
        return "number"
    return "boolean" if pa.types.is_boolean(type_) else "string"


def _odcs_property(field: pa.Field, *, keys: tuple[str, ...] = ()) -> Json:
    described = {"description": _meaning(field)} if _meaning(field) else {}
    key = {"primaryKey": True, "primaryKeyPosition": keys.index(field.name) + 1} if field.name in keys else {}
    own = {"name": field.name, **_odcs_type(field.type), "required": not field.nullable}
    return {**own, **key, **described}


def _odcs_type(type_: pa.DataType) -> Json:
    made: Json = {"logicalType": _kind(type_), "physicalType": str(type_).replace(" not null", "")}
    if pa.types.is_struct(type_):
        made["properties"] = [_odcs_property(inner) for inner in type_]
    if pa.types.is_list(type_):
        made["items"] = _odcs_type(type_.value_type)
    return made


CROISSANT_TYPES = {
    "string": "sc:Text",
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "timestamp": "sc:DateTime",
    "date": "sc:Date",
    "object": "sc:Text",
}


def _croissant_field(field: pa.Field, *, table: str, within: str = "") -> Json:
    path = f"{within}{field.name}"
    type_ = field.type.value_type if pa.types.is_list(field.type) else field.type
    made: Json = {"@type": "cr:Field", "@id": f"{table}/{path}", "name": field.name}
    if _meaning(field):
        made["description"] = _meaning(field)
    if pa.types.is_list(field.type):
        made["repeated"] = True
    if pa.types.is_struct(type_):
        made["subField"] = [_croissant_field(inner, table=table, within=f"{path}/") for inner in type_]
    else:
        made["dataType"] = CROISSANT_TYPES[_kind(type_)]
    if not within:
        made["source"] = {"fileSet": {"@id": f"{table}-files"}, "extract": {"column": field.name}}
    return made


FRICTIONLESS_TYPES = {"timestamp": "datetime"}


def _frictionless_field(field: pa.Field) -> Json:
    kind = _kind(field.type)
    made: Json = {"name": field.name, "type": FRICTIONLESS_TYPES.get(kind, kind), "description": _meaning(field)}
    return {**made, "constraints": {"required": True}} if not field.nullable else made

"""The contract in the formats of catalogues says what the tables are: every column, its type, and whether it may be null."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from pipeline.core import schema
from pipeline.publishing.exports import contracts


def columns(contract: pa.Schema) -> list[tuple[str, bool, str]]:
    return [(field.name, not field.nullable, field.metadata[b"meaning"].decode()) for field in contract]


@pytest.mark.parametrize("name", schema.TABLES)
def test_each_format_has_the_columns_of_the_contract_in_their_order(name: str) -> None:
    contract = columns(schema.TABLES[name])
    (table,) = (one for one in contracts.odcs()["schema"] if one["name"] == name)
    assert [(one["name"], one["required"], one["description"]) for one in table["properties"]] == contract
    (resource,) = (one for one in contracts.frictionless()["resources"] if one["name"] == name)
    fields = resource["schema"]["fields"]
    assert [(one["name"], bool(one.get("constraints", {}).get("required")), one["description"]) for one in fields] == contract
    (records,) = (one for one in contracts.croissant()["recordSet"] if one["name"] == name)
    assert [(one["name"], one["description"]) for one in records["field"]] == [(column, meaning) for column, _, meaning in contract]
    assert table["physicalName"] == resource["path"] == contracts.files_of(name)


@pytest.mark.parametrize("name", schema.TABLES)
def test_a_type_is_that_of_the_files_down_to_the_fields_of_structs(name: str) -> None:
    (table,) = (one for one in contracts.odcs()["schema"] if one["name"] == name)
    kinds = {"timestamp": "timestamp[us, tz=UTC]", "date": "date32[day]", "boolean": "bool", "string": "string"}

    def check(made: dict[str, Any], type_: pa.DataType) -> None:
        assert made["physicalType"] == str(type_).replace(" not null", "")
        if pa.types.is_list(type_):
            assert made["logicalType"] == "array"
            check(made["items"], type_.value_type)
        elif pa.types.is_struct(type_):
            assert [one["name"] for one in made["properties"]] == [inner.name for inner in type_]
            for one, inner in zip(made["properties"], type_, strict=True):
                check(one, inner.type)
        elif made["logicalType"] in kinds:
            assert str(type_) == kinds[made["logicalType"]]
        else:
            assert made["logicalType"] in ("integer", "number", "object")

    for made, field in zip(table["properties"], schema.TABLES[name], strict=True):
        check(made, field.type)


def test_croissant_names_each_id_once_and_takes_every_field_from_its_files() -> None:
    made = contracts.croissant()
    own = [one["@id"] for one in every(made) if one.get("@type", "").startswith("cr:")]
    assert len(own) == len(set(own))
    files = {one["@id"] for one in made["distribution"]}
    assert {one["source"]["fileSet"]["@id"] for table in made["recordSet"] for one in table["field"]} == files
    assert all(("dataType" in one) != ("subField" in one) for one in every(made) if one.get("@type") == "cr:Field")


def every(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(inner for one in value.values() for inner in every(one))]
    return [inner for one in value for inner in every(one)] if isinstance(value, list) else []


def test_the_keys_are_columns_that_are_never_null() -> None:
    for table, key in contracts.KEYS.items():
        assert all(not schema.TABLES[table].field(name).nullable for name in key)


@pytest.mark.parametrize("form", ["odcs", "croissant", "frictionless"])
def test_a_format_is_plain_json(form: str) -> None:
    made = getattr(contracts, form)()
    assert json.loads(json.dumps(made)) == made

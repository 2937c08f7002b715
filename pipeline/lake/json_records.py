"""Converts records that the lake keeps as JSON files (manifests, erasures, backfills) into bytes and back. Pure."""

from __future__ import annotations

import json
from typing import Any, Generic, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from pipeline.core.errors import SchemaError


class Formatted(Protocol):
    """A record with the number of its format."""

    @property
    def format(self) -> int:
        """The number of the format."""


Record = TypeVar("Record", bound=Formatted)


class JsonFormat(Generic[Record]):
    """The JSON of one kind of records. Equal records give equal bytes."""

    def __init__(self, kind: type[Record], *, name: str, number: int, is_sparse: bool = False) -> None:
        """`name` is used in errors ("a manifest"); `number` is the format that this program reads; `is_sparse` omits default values."""
        self._adapter = TypeAdapter(kind)
        self._name = name
        self._number = number
        self._is_sparse = is_sparse

    def record_values(self, record: Record) -> dict[str, Any]:
        """The record as values that JSON can hold."""
        values: dict[str, Any] = self._adapter.dump_python(record, mode="json", exclude_defaults=self._is_sparse)
        return {"format": record.format, **values} if self._is_sparse else values  # the default of the format may change

    def to_json(self, record: Record) -> bytes:
        """The record as JSON."""
        return json.dumps(self.record_values(record), ensure_ascii=False, indent=1).encode() + b"\n"

    def from_json(self, data: bytes, *, path: str) -> Record:
        """The record in `data`. Raises SchemaError, which names `path`, when it is not of this kind and format."""
        try:
            record = self._adapter.validate_json(data)
        except ValidationError as error:
            first = error.errors()[0]
            raise SchemaError(f"{path}: not {self._name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        if record.format != self._number:
            raise SchemaError(f"{path}: {self._name} of format {record.format}, and this program reads only format {self._number}")
        return record

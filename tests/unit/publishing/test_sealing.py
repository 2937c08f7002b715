"""Law 6: sealing and opening."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.errors import ConfigError, SealError
from pipeline.publishing.sealing import Sealer, key_id

OLD, NEW, OTHER = (base64.b64encode(bytes([number]) * size).decode() for number, size in [(1, 32), (2, 64), (3, 48)])
URL = "https://www.example.com/a"
PRIVATE = {"sourceId": "example", "offset": 1234, "parts": {"image": 20}, "note": "Graphyte™", "none": None}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)
"""Few leaves in any nesting: making values of up to 100 takes a hundred times as long as sealing them."""


def test_a_blob_has_the_seeds_shape() -> None:
    ciphertext, iv = (base64.b64decode(part, validate=True) for part in Sealer([NEW]).seal(PRIVATE, web_url=URL).split(";"))
    assert len(iv) == 16
    assert len(ciphertext) % 16 == 0


@given(st.dictionaries(st.text(), json_values), st.text())
@settings(deadline=None)
def test_what_was_sealed_opens_again(private: dict[str, object], url: str) -> None:
    sealer = Sealer([NEW])
    assert sealer.open(sealer.seal(private, web_url=url), web_url=url) == (private, 0)


def test_equal_contents_give_equal_bytes_in_whatever_order_they_stand() -> None:
    turned = dict(reversed(PRIVATE.items()))
    assert Sealer([NEW]).seal(PRIVATE, web_url=URL) == Sealer([NEW, OLD]).seal(turned, web_url=URL)


def test_other_contents_and_other_records_share_neither_ciphertext_nor_iv() -> None:
    sealer = Sealer([NEW])
    blobs = [sealer.seal(PRIVATE, web_url=URL), sealer.seal(PRIVATE, web_url=URL + "b"), sealer.seal({}, web_url=URL)]
    parts = [part for blob in blobs for part in blob.split(";")]
    assert len(set(parts)) == 6


def test_a_blob_moved_to_another_record_does_not_open() -> None:
    sealer = Sealer([NEW])
    with pytest.raises(SealError, match="another record"):
        sealer.open(sealer.seal(PRIVATE, web_url=URL), web_url=URL + "?")


def test_every_changed_character_is_noticed() -> None:
    sealer = Sealer([NEW])
    blob = sealer.seal(PRIVATE, web_url=URL)
    for place, character in enumerate(blob):
        changed = blob[:place] + ("B" if character == "A" else "A") + blob[place + 1 :]
        with pytest.raises(SealError):
            sealer.open(changed, web_url=URL)


@pytest.mark.parametrize("blob", ["", ";", "abc", "a;b;c", "é;é", "AAAA;AAAA", "AAAAAAAAAAAAAAAAAAAAAA==;", " ; "])
def test_what_was_never_sealed_does_not_open(blob: str) -> None:
    with pytest.raises(SealError):
        Sealer([NEW]).open(blob, web_url=URL)


def test_an_older_key_opens_after_rotation_and_the_index_says_which() -> None:
    blob = Sealer([OLD]).seal(PRIVATE, web_url=URL)
    rotated = Sealer([NEW, OTHER, OLD])
    assert rotated.open(blob, web_url=URL) == (PRIVATE, 2)
    assert rotated.open(rotated.seal(PRIVATE, web_url=URL), web_url=URL) == (PRIVATE, 0)
    with pytest.raises(SealError, match="no key of 1"):
        Sealer([NEW]).open(blob, web_url=URL)


@pytest.mark.parametrize("key", ["", "secret", "c2VjcmV0", base64.b64encode(bytes(33)).decode(), OLD + "=", OLD[:-2] + "é="])
def test_a_bad_key_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ConfigError, match="key 2 is not base64 of 32, 48 or 64 bytes") as caught:
        Sealer([NEW, key])
    assert not key or key not in str(caught.value)
    assert caught.value.__cause__ is None


def test_sealing_needs_a_key() -> None:
    with pytest.raises(ConfigError, match="no key"):
        Sealer([])


def test_a_key_is_known_by_a_fingerprint_that_tells_nothing_of_it() -> None:
    assert Sealer([NEW, OLD]).key_ids == (key_id(NEW), key_id(OLD))
    assert key_id(NEW) != key_id(OLD)
    assert len(key_id(NEW)) == 8
    assert NEW not in repr(Sealer([NEW]))
    with pytest.raises(ConfigError):
        key_id("secret")


def test_not_a_number_cannot_be_sealed() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        Sealer([NEW]).seal({"quality": float("nan")}, web_url=URL)

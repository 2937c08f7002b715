"""Seals the private values of a record (law 6), so that only the holder of a key can read them.

AES-SIV (RFC 5297): authenticated, and equal inputs give equal bytes, so a rebuild changes nothing. Pure: keys come in
as arguments and never from the environment; no error, fingerprint or representation shows a key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.padding import PKCS7

from pipeline.core.errors import ConfigError, SealError

KEY_BYTES = (32, 48, 64)
"""Lengths of AES-SIV keys: two AES keys of 128, 192 or 256 bits (RFC 5297)."""
BLOCK_BYTES = 16
"""Plaintexts are padded to a multiple of this (PKCS #7, RFC 5652, section 6.3), as in the seed, so that lengths reveal less."""
IV_BYTES = 16
"""Length of the synthetic IV, one AES block (RFC 5297)."""


def key_id(key: str) -> str:
    """A fingerprint of a key that is safe to show: the first 8 hex digits of SHA-256 of a fixed prefix and the key.

    Raises ConfigError where `key` is not base64 of 32, 48 or 64 bytes.
    """
    return _fingerprint(_key_bytes(key, number=1))


class Sealer:
    """Seals with the newest key and opens with any."""

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys` are base64 of 32, 48 or 64 bytes, newest first. Raises ConfigError, which shows no part of a key, for any other."""
        if not keys:
            raise ConfigError("NEWS_SEALING_KEYS: there is no key to seal with")
        secrets = [_key_bytes(key, number=number) for number, key in enumerate(keys, start=1)]
        self._ciphers = [AESSIV(secret) for secret in secrets]
        self.key_ids = tuple(_fingerprint(secret) for secret in secrets)
        """Fingerprints in the order of the keys."""

    def seal(self, private: Mapping[str, object], *, web_url: str) -> str:
        """`base64(ciphertext);base64(IV)` of `private` as compact JSON, bound to the record at `web_url`."""
        text = json.dumps(private, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        padder = PKCS7(8 * BLOCK_BYTES).padder()
        padded = padder.update(text.encode()) + padder.finalize()
        sealed = self._ciphers[0].encrypt(padded, [web_url.encode()])
        return f"{_base64(sealed[IV_BYTES:])};{_base64(sealed[:IV_BYTES])}"

    def open(self, blob: str, *, web_url: str) -> tuple[dict[str, object], int]:
        """The private values of the record at `web_url`, and the index of the key that opened them.

        Raises SealError when the blob is malformed, was changed, belongs to another record, or was sealed with another key.
        """
        ciphertext, iv = _split(blob)
        for index, cipher in enumerate(self._ciphers):
            try:
                padded = cipher.decrypt(iv + ciphertext, [web_url.encode()])
            except InvalidTag:
                continue
            unpadder = PKCS7(8 * BLOCK_BYTES).unpadder()
            private = json.loads(unpadder.update(padded) + unpadder.finalize())
            return private, index
        raise SealError(
            f"no key of {len(self._ciphers)} opens the sealed part of {web_url}: "
            "it was changed, belongs to another record, or was sealed with another key"
        )


def _split(blob: str) -> tuple[bytes, bytes]:
    try:
        ciphertext, iv = (base64.b64decode(part, validate=True) for part in blob.split(";"))
    except (ValueError, binascii.Error) as error:
        raise SealError("a sealed part has the form base64(ciphertext);base64(IV)") from error
    # A blob has one spelling: base64 with other trailing bits decodes to the same bytes, but nobody sealed it.
    if f"{_base64(ciphertext)};{_base64(iv)}" != blob or len(iv) != IV_BYTES or len(ciphertext) % BLOCK_BYTES or not ciphertext:
        raise SealError("a sealed part has a ciphertext of whole blocks and an IV of 16 bytes")
    return ciphertext, iv


def _key_bytes(key: str, *, number: int) -> bytes:
    try:
        secret = base64.b64decode(key, validate=True)
    except (ValueError, binascii.Error):
        secret = b""
    if len(secret) not in KEY_BYTES:
        # Neither the key nor the decoder's complaint is shown: both may hold parts of it.
        raise ConfigError(f"NEWS_SEALING_KEYS: key {number} is not base64 of 32, 48 or 64 bytes") from None
    return secret


def _fingerprint(secret: bytes) -> str:
    return hashlib.sha256(b"news-pipeline sealing key id\0" + secret).hexdigest()[:8]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")

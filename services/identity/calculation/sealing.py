"""Encrypts what must lie still unreadable, and makes digests of secrets. Keeps no key."""

import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class SealIsBroken(Exception):
    """Another key, another purpose, or changed bytes."""


def sealed(key: bytes, plain: bytes, bound_to: str) -> bytes:
    """AES-256-GCM, readable only with the same 32-byte key and for the same purpose."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to.encode())


def unsealed(key: bytes, box: bytes, bound_to: str) -> bytes:
    """Raises SealIsBroken."""
    try:
        return AESGCM(key).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], bound_to.encode())
    except (InvalidTag, ValueError) as failure:
        raise SealIsBroken() from failure


def keyed_digest(key: bytes, *parts: str) -> bytes:
    return hmac.digest(key, b"\0".join(part.encode() for part in parts), "sha256")


def digest(secret: str) -> bytes:
    """Of a secret that is long and random; anything that a person chose needs Argon2id instead."""
    return hashlib.sha256(secret.encode()).digest()


def is_same(one: bytes, other: bytes) -> bool:
    """In a time that tells nothing."""
    return hmac.compare_digest(one, other)

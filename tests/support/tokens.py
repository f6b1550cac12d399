"""JSON Web Tokens made by hand, valid ones and others."""

import base64
import hashlib
import hmac
import json
import time

SECRET = "a-secret-for-tests-only-of-48-bytes-or-thereabouts"
ISSUER = "https://issuer.test"
AUDIENCE = "exchange-test"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(
    source: str, *, secret: str = SECRET, header: dict | None = None, **claims: object
) -> str:
    """An HS256 token for `source`; a claim given as None is left out."""
    now = int(time.time())
    payload = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": source,
        "scope": "ingest",
        "exp": now + 300,
        **claims,
    }
    payload = {name: value for name, value in payload.items() if value is not None}
    head = header or {"alg": "HS256", "typ": "JWT"}
    signed = f"{_encode(json.dumps(head).encode())}.{_encode(json.dumps(payload).encode())}"
    mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_encode(mac)}"

"""tokens.py: signed tokens made without Orket: rows of JSON in, one token a line out.

A row: header, claims (texts, signed as they are), secret (text) or secret_b64, alg of the MAC (sha256),
signature (in place of the MAC, as it stands), b64 ("padded": base64url with its padding).
"""
import base64
import hashlib
import hmac
import json
import sys


def coded(data, padded):
    text = base64.urlsafe_b64encode(data).decode()
    return text if padded else text.rstrip("=")


def token(row):
    padded = row.get("b64") == "padded"
    secret = base64.b64decode(row["secret_b64"]) if "secret_b64" in row else row["secret"].encode()
    signed = coded(row["header"].encode("utf-8", "surrogateescape"), padded) + "."
    signed += coded(base64.b64decode(row["claims_b64"]) if "claims_b64" in row else row["claims"].encode(), padded)
    if "signature" in row:
        return signed + "." + row["signature"]
    mac = hmac.new(secret, signed.encode(), getattr(hashlib, row.get("alg", "sha256"))).digest()
    return signed + "." + coded(mac, padded)


for line in sys.stdin:
    print(token(json.loads(line)))

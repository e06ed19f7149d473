"""Prints an authorization URL, reads the address that it came back to, and goes on as a relying party would."""

import json
import sys

from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, jwt
import requests

issuer, client_id, client_secret, redirect_uri = sys.argv[1:]
metadata = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
client = OAuth2Session(client_id, client_secret, scope="openid email offline_access notes:read", redirect_uri=redirect_uri, code_challenge_method="S256")
verifier = "v" * 43 + "-authlib"
url, state = client.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier, nonce="n-authlib")
print(url, flush=True)

token = client.fetch_token(metadata["token_endpoint"], authorization_response=sys.stdin.readline().strip(), state=state, code_verifier=verifier)
keys = JsonWebKey.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
claims = jwt.decode(token["id_token"], keys, claims_options={"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}, "nonce": {"essential": True, "value": "n-authlib"}})
claims.validate()
info = client.get(metadata["userinfo_endpoint"]).json()
refreshed = client.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
introspect = lambda value: client.introspect_token(metadata["introspection_endpoint"], token=value).json()["active"]
active = introspect(refreshed["access_token"])
client.revoke_token(metadata["revocation_endpoint"], token=refreshed["refresh_token"])
print(json.dumps({"sub": claims["sub"], "email": info["email"], "rotated": refreshed["refresh_token"] != token["refresh_token"], "active": active, "afterwards": introspect(refreshed["access_token"])}), flush=True)

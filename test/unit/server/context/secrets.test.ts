import assert from "node:assert/strict";
import { test } from "node:test";
import { isSecret } from "../../../../server/context/secrets.ts";

test("files that hold secrets are known by their names", () => {
  for (const path of [
    ".env",
    "app/.env.production",
    "server.pem",
    "tls/private.key",
    ".ssh/config",
    "id_rsa",
    "id_ed25519.pub",
    ".npmrc",
    ".netrc",
    "aws_credentials.py",
    "client_secrets.json",
    ".git-credentials",
  ])
    assert.ok(isSecret(path), path);
  for (const path of ["main.py", "environment.py", "keys.py", "monkey.ts"]) assert.ok(!isSecret(path), path);
});

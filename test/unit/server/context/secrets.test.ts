import assert from "node:assert/strict";
import { test } from "node:test";
import { holdsSecret, isSecret } from "../../../../server/context/secrets.ts";

test("files that hold secrets are recognised by their names", () => {
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
    "token.json",
    "oauth_token.json",
    "github-token.txt",
    "local.settings.json",
    ".envrc.local",
    "env.production",
    "deploy/api_key",
    "auth_token",
  ])
    assert.ok(isSecret(path), path);
  for (const path of [
    "main.py",
    "environment.py",
    "keys.py",
    "monkey.ts",
    "tokens.ts",
    "design-tokens.json",
    "env.py",
  ])
    assert.ok(!isSecret(path), path);
});

test("files that hold secrets are recognised by their content", () => {
  const letters = (count: number) => "aB3dE5gH7".repeat(8).slice(0, count);
  for (const text of [
    `aws_secret_access_key = ${letters(40)}`,
    `"AWS_SECRET_ACCESS_KEY": "${letters(40)}"`,
    `DATABASE_URL=postgres://app:${letters(12)}@db.example.org/app`,
    `gsk_${letters(52)}`,
    `sk-or-v1-${"0a".repeat(32)}`,
    "xapp-1-A0123456789-12345678901",
  ])
    assert.ok(holdsSecret(text), text);
  for (const text of [
    "aws_secret_access_key = os.environ[name]",
    "postgres://user:password@localhost/app",
    ["postgres://user:$", "{password}@localhost/app"].join(""),
    "https://example.org:8080/a@b",
    "http://localhost:3000/",
    "see git@example.org:owner/name",
  ])
    assert.ok(!holdsSecret(text), text);
});

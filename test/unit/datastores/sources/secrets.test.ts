import assert from "node:assert/strict";
import { test } from "node:test";
import { holdsSecret, isSecret } from "../../../../datastores/sources/secrets.ts";

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
    "apikeys.py",
    "config/api_keys.py",
    "passwords.py",
    "private_key.py",
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
    "password.py",
    "api_keyboard.py",
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
    `eyJ${letters(20)}.eyJ${letters(20)}.${letters(20)}`,
    `whsec_${letters(32)}`,
    `SECRET_KEY = "${letters(50)}"`,
  ])
    assert.ok(holdsSecret(text), text);
  for (const text of [
    "aws_secret_access_key = os.environ[name]",
    'SECRET_KEY = os.environ["SECRET_KEY"]',
    'SECRET_KEY = "changeme"',
    "postgres://user:password@localhost/app",
    ["postgres://user:$", "{password}@localhost/app"].join(""),
    "https://example.org:8080/a@b",
    "http://localhost:3000/",
    "see git@example.org:owner/name",
  ])
    assert.ok(!holdsSecret(text), text);
});

const SECRET_NAMES =
  `.env .env.local prod.env .envrc .npmrc terraform.tfstate terraform.tfstate.backup prod.auto.tfvars
  service-account.json my_service_account_key.json kubeconfig staging.kubeconfig .kube/config .vault-token AuthKey_X.p8
  passwords.txt db-password.txt password.yml passwd api_keys.json .pgpass client.p12 release.keystore id_rsa.bak
  .aws/config .docker/config.json application_default_credentials.json .netrc .git-credentials .htpasswd vault_pass.txt
  appsettings.Production.json .bash_history google-services.json access-tokens.yaml .SSH/CONFIG SECRETS.YAML`.split(
    /\s+/,
  );
const PLAIN_NAMES =
  `main.py keyboard.ts password_field.tsx tokens.ts environment.py appsettings.json keys.py config.json
  service.py monkey.key.ts state.tf passworded.md tokenizer.json`.split(/\s+/);

test("names of files with secrets are recognised in any folder and case", () => {
  assert.deepEqual(
    SECRET_NAMES.filter(path => !isSecret(path)),
    [],
  );
  assert.deepEqual(PLAIN_NAMES.filter(isSecret), []);
});

test("texts that hold keys are recognised by their content", () => {
  const letters = (count: number) => "aB3dE6gH9jK2mN5p".repeat(10).slice(0, count);
  const secrets = [
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----",
    `AWS = "AKIA${"ABCDEFGH".repeat(2)}"`,
    `token = 'ghp_${letters(36)}'`,
    `github_pat_${letters(60)}`,
    `xoxb-${"1234567890"}-abc`,
    `stripe.api_key = "sk_live_${letters(24)}"`,
    `key=AIza${letters(35)}`,
  ];
  assert.deepEqual(
    secrets.filter(text => !holdsSecret(`x = 1\n${text}\n`)),
    [],
  );
  const plain = ["-----BEGIN PUBLIC KEY-----", "ghp_short", "sk_test_123", "AKIA", "def key(): ..."];
  assert.deepEqual(plain.filter(holdsSecret), []);
  const start = performance.now();
  holdsSecret("-----BEGIN AAAAAAAAAAA ghp_".repeat(40_000));
  assert.ok(performance.now() - start < 500);
});

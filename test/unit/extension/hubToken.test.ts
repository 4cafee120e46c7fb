import assert from "node:assert/strict";
import { test } from "node:test";
import { mayNeedToken, tokenPlace } from "../../../extension/hubToken.ts";

test("another token may solve a refusal by the hub, and no other problem, whatever its text mentions", () => {
  for (const code of ["unauthorised", "gated"]) assert.equal(mayNeedToken(code), true, code);
  for (const code of [undefined, "noSpace", "otherTokenizer", "cancelled", "network"])
    assert.equal(mayNeedToken(code), false, code);
});

test("a token belongs to one hub: another address, scheme or port asks for a token of its own", () => {
  const own = tokenPlace("", "");
  assert.deepEqual(own, { key: "foretoken.hubToken", host: "huggingface.co" });
  for (const address of ["https://huggingface.co", "https://huggingface.co/", "https://HuggingFace.co:443"])
    assert.deepEqual(tokenPlace(address, ""), own, address);
  const others = [
    "https://mirror.example.org/hf",
    "https://mirror.example.org:8443",
    "http://huggingface.co",
    "http://localhost:8080",
  ].map(address => tokenPlace(address, ""));
  assert.equal(new Set([own, ...others].map(({ key }) => key)).size, 5);
  assert.deepEqual(
    others.map(({ host }) => host),
    ["mirror.example.org", "mirror.example.org:8443", "huggingface.co", "localhost:8080"],
  );
});

test("the address in the setting overrules the variable, and a path changes nothing", () => {
  const { key } = tokenPlace("", "https://mirror.example.org");
  assert.equal(tokenPlace("https://mirror.example.org/hub", "https://other.example.org").key, key);
  assert.notEqual(tokenPlace("", "https://other.example.org").key, key);
});

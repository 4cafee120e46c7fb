import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { filesByHash, foundModels, type Surroundings } from "../../../../server/catalogue/foundModels.ts";
import { writeGguf } from "../../../bench/gguf.ts";

const base = mkdtempSync(join(tmpdir(), "foretoken-found-"));
after(() => rmSync(base, { recursive: true, force: true }));

let count = 0;
function home(files: Record<string, string>): string {
  const folder = join(base, String(++count));
  mkdirSync(folder);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

const look = (folder: string | undefined, environment: Surroundings["environment"] = {}) =>
  foundModels({ environment, home: folder, platform: "linux" });

const hash = "ab".repeat(32);
const manifest = (digest: string) =>
  JSON.stringify({
    layers: [
      { mediaType: "application/vnd.ollama.image.license", digest: "sha256:00" },
      { mediaType: "application/vnd.ollama.image.model", digest, size: 4 },
    ],
  });
const LIBRARY = ".ollama/models/manifests/registry.ollama.ai/library";

test("Ollama's models are found by their manifests, with their hash", () => {
  const folder = home({
    [`${LIBRARY}/qwen2.5-coder/1.5b-base`]: manifest(`sha256:${hash}`),
    [`${LIBRARY}/gone/latest`]: manifest(`sha256:${"cd".repeat(32)}`),
    [`${LIBRARY}/broken/latest`]: "{",
    [`${LIBRARY}/large/latest`]: manifest(`sha256:${hash}`) + " ".repeat(1 << 20),
    [`${LIBRARY}/evil/latest`]: manifest("sha256:../../../etc/passwd"),
    [`.ollama/models/blobs/sha256-${hash}`]: "GGUF",
  });
  const path = join(folder, ".ollama/models/blobs", `sha256-${hash}`);
  assert.deepEqual(look(folder), [
    { path, name: "qwen2.5-coder:1.5b-base", program: "Ollama", bytes: 4, sha256: hash },
  ]);
  const elsewhere = join(folder, ".ollama/models");
  assert.equal(look(undefined, { OLLAMA_MODELS: elsewhere }).length, 1);
});

test("a model of Ollama's users has their name, and a file that is no manifest of a model is passed over", () => {
  const [host, blob] = [".ollama/models/manifests/registry.ollama.ai", `.ollama/models/blobs/sha256-${hash}`];
  const own = manifest(`sha256:${hash}`);
  const folder = home({ [`${host}/someone/m/latest`]: own, [`${host}/someone/note`]: own, [blob]: "GGUF" });
  assert.deepEqual(
    look(folder).map(({ name }) => name),
    ["someone/m:latest"],
  );
});

test("caches are looked for where their programs' variables say", () => {
  const hub = (name: string) => ({
    [`${name}/models--a--b/snapshots/0/${name.replace("/", "-")}.gguf`]: "GGUF",
  });
  const folder = home({
    "own/l.gguf": "GGUF",
    "xdg/llama.cpp/x.gguf": "GGUF",
    ".cache/llama.cpp/d.gguf": "GGUF",
    ...hub("own"),
    ...hub("xdg/huggingface/hub"),
    ...hub(".cache/huggingface/hub"),
  });
  const names = (environment: Surroundings["environment"]) =>
    new Set(look(folder, environment).map(({ path }) => path.slice(folder.length + 1).split("/")[0]));
  assert.deepEqual(names({}), new Set([".cache"]));
  const [own, xdg] = [join(folder, "own"), join(folder, "xdg")];
  assert.deepEqual(names({ LLAMA_CACHE: own, XDG_CACHE_HOME: "/nowhere" }), new Set(["own"]));
  assert.deepEqual(
    names({ XDG_CACHE_HOME: xdg }),
    new Set(["xdg", ".cache"]),
    "as llama.cpp has it by default",
  );
});

test("files are known by their hash where that is known", () => {
  const folder = home({ "hub/models--a--b/blobs/named": "GGUF", [`hub/models--a--b/blobs/${hash}`]: "GGUF" });
  const snapshot = join(folder, "hub/models--a--b/snapshots/0");
  mkdirSync(snapshot, { recursive: true });
  symlinkSync("../../blobs/named", join(snapshot, "a.gguf"));
  symlinkSync(`../../blobs/${hash}`, join(snapshot, "b.gguf"));
  const found = look(folder, { HF_HOME: folder });
  assert.equal(found.length, 2);
  assert.deepEqual([...filesByHash(found)], [[hash, join(snapshot, "b.gguf")]]);
});

test("a model in a cache that two of the searched folders stand for is listed once", () => {
  const folder = home({ ".cache/llama.cpp/m-Q4_0.gguf": "GGUF" });
  const found = look(folder, { XDG_CACHE_HOME: join(folder, ".cache") });
  assert.deepEqual(
    found.map(({ path }) => path),
    [join(folder, ".cache/llama.cpp/m-Q4_0.gguf")],
  );
});

test("models of LM Studio and of llama.cpp are found, but not parts of models", () => {
  const folder = home({
    ".lmstudio/models/org/repo/m-Q4_0.gguf": "GGUF",
    ".lmstudio/models/org/repo/mmproj-m.gguf": "GGUF",
    ".lmstudio/models/org/repo/s-00001-of-00002.gguf": "GGUF",
    ".lmstudio/models/org/repo/s-00002-of-00002.gguf": "GGUF",
    ".lmstudio/models/org/repo/empty.gguf": "",
    ".cache/llama.cpp/a_b_c.gguf": "GGUF",
    ".cache/llama.cpp/a_b_c.gguf.etag": "x",
  });
  assert.deepEqual(
    look(folder).map(({ name, program }) => [name, program]),
    [
      ["m-Q4_0.gguf", "LM Studio"],
      ["s-00001-of-00002.gguf", "LM Studio"],
      ["a_b_c.gguf", "llama.cpp"],
    ],
  );
});

test("models in the Hugging Face cache are found through their links, which reveal the hash", () => {
  const folder = home({ [`hub/models--a--b--c/blobs/${hash}`]: "GGUF" });
  const snapshot = join(folder, "hub/models--a--b--c/snapshots/0123");
  mkdirSync(snapshot, { recursive: true });
  symlinkSync(`../../blobs/${hash}`, join(snapshot, "m.gguf"));
  symlinkSync("../../blobs/gone", join(snapshot, "gone.gguf"));
  const path = join(snapshot, "m.gguf");
  assert.deepEqual(look(folder, { HF_HOME: folder }), [
    { path, name: "a/b--c m.gguf", program: "Hugging Face", bytes: 4, sha256: hash },
  ]);
  assert.equal(look(folder, { HF_HUB_CACHE: join(folder, "hub"), HF_HOME: "/nowhere" }).length, 1);
});

test("a missing folder or home directory gives no models and no error", () => {
  assert.deepEqual(look(undefined), []);
  assert.deepEqual(look(join(base, "nowhere")), []);
});

test("files that are no models which generate text are not listed", () => {
  const folder = home({ ".cache/llama.cpp/m.gguf": "GGUF" });
  const adapter = new Map([["general.type", { type: "string", value: "adapter" }]] as const);
  writeGguf(join(folder, ".cache/llama.cpp/lora.gguf"), adapter, []);
  assert.deepEqual(
    look(folder).map(({ name }) => name),
    ["m.gguf"],
  );
});

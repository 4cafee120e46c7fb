import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { chooseBackend, findBackend, watchLoading } from "../../server/engine/backend.ts";
import type { EngineProblem } from "../../server/engine/engine.ts";
import { layoutProblems } from "../../server/engine/layout.ts";
import { EXPECTED_RELEASE, type Library } from "../../server/engine/libllama.ts";
import { loadEngine } from "../../server/engine/load.ts";
import { LoadAttempts } from "../../server/engine/loadAttempts.ts";
import { loadVocabulary } from "../../server/engine/modelFile.ts";
import { commandLineScript, packageRoot } from "../../server/system/paths.ts";
import { type Metadatum, writeGguf } from "../bench/gguf.ts";
import { cpuOptions, load, never, writeModel } from "./loaded.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-load-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const good = readFileSync(cpuOptions.modelPath);

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function problemOf(modelPath: string): Promise<EngineProblem> {
  const outcome = await loadEngine({ ...cpuOptions, modelPath });
  if ("engine" in outcome) await outcome.engine.dispose();
  assert.ok("problem" in outcome, `${modelPath} was loaded`);
  return outcome.problem;
}

/** The model with one string in its metadata replaced by another of the same length, wherever it stands. */
function patched(from: string, to: string, model: Buffer = good): Buffer {
  assert.equal(from.length, to.length);
  const copy = Buffer.from(model);
  for (let at = copy.indexOf(from); at >= 0; at = copy.indexOf(from, at + 1)) copy.write(to, at);
  return copy;
}

test("a model file that cannot be used is named, with the reason and the remedy", async () => {
  const cases: [path: string, code: EngineProblem["code"], says: RegExp][] = [
    [join(folder, "absent.gguf"), "modelMissing", /no model at .*absent\.gguf/],
    [folder, "modelInvalid", /is not a file/],
    [file("text.gguf", "hello, this is not a model"), "modelInvalid", /is not a GGUF file/],
    [file("empty.gguf", ""), "modelInvalid", /is not a GGUF file/],
    [file("short.gguf", good.subarray(0, 12)), "modelInvalid", /ends within its header/],
    [
      file("pointer.gguf", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
      "modelInvalid",
      /Git LFS pointer/,
    ],
    [file("metadata.gguf", good.subarray(0, 5_000)), "modelInvalid", /could not be loaded/],
    [file("tensors.gguf", good.subarray(0, good.length - 1_000_000)), "modelInvalid", /could not be loaded/],
    [file("m-00002-of-00002.gguf", good), "modelInvalid", /is not the first part of its model/],
    [
      file("n-00001-of-00003.gguf", good),
      "modelInvalid",
      /lacks n-00002-of-00003\.gguf, n-00003-of-00003\.gguf/,
    ],
    [file("architecture.gguf", patched("llama", "llamx")), "modelInvalid", /llamx/],
  ];
  for (const [path, code, says] of cases) {
    const problem = await problemOf(path);
    assert.equal(problem.code, code, path);
    assert.match(problem.message, says);
    assert.ok(problem.message.includes(path), problem.message);
    assert.ok(problem.remedy.length > 10);
  }
});

test("a truncated model is refused with the advice to download it again", async () => {
  const problem = await problemOf(file("cut.gguf", good.subarray(0, good.length - 1_000_000)));
  assert.match(problem.remedy, /download it again/);
});

test("a file in another version of the format is not called damaged", async () => {
  const ofVersion = (version: number) => {
    const copy = Buffer.from(good);
    copy.writeUInt32LE(version, 4);
    return problemOf(file(`version${version}.gguf`, copy));
  };
  assert.match(
    (await ofVersion(99)).remedy,
    /^The file is newer than this release of Foretoken: update it\./,
  );
  assert.match((await ofVersion(1)).remedy, /^The file is of an old format: download a newer one/);
  assert.match((await ofVersion(0x03000000)).remedy, /^The file is for processors of the other byte order/);
});

test("faults that would show at a model's first use are found while it is loaded", async () => {
  const string = (value: string) => ({ type: "string", value }) as const;
  const cases: [metadata: Record<string, Metadatum>, code: EngineProblem["code"], says: RegExp][] = [
    [{ "tokenizer.ggml.model": string("no_vocab") }, "modelUnsuitable", /has no tokenizer/],
    [{ "tokenizer.ggml.model": string("rwkv") }, "modelUnsuitable", /cannot represent every text/],
    [{ "tokenizer.ggml.model": string("llama") }, "modelUnsuitable", /cannot represent every text/],
    [{ "tokenizer.ggml.model": string("t5") }, "modelUnsuitable", /a tokenizer for prose/],
    [{ "tokenizer.ggml.model": string("bert") }, "modelUnsuitable", /a tokenizer for prose/],
    [{ "gemma3.rope.freq_base": { type: "f32", value: 0 } }, "modelInvalid", /logits are not numbers/],
  ];
  for (const [metadata, code, says] of cases) {
    const path = join(folder, "first.gguf");
    writeModel(path, { shape: "tiny-swa", metadata });
    const problem = await problemOf(path);
    assert.equal(problem.code, code, problem.message);
    assert.match(problem.message, says);
    assert.ok(problem.message.includes(path), problem.message);
    assert.match(problem.remedy, /foretoken\.modelPath/);
  }
});

test("models that do not decode from left to right are refused, whatever their files say", async () => {
  for (const [shape, architecture, metadata] of [
    ["tiny", "dream", {}],
    ["tiny", "qwen2", { "qwen2.pooling_type": { type: "u32", value: 3 } }],
  ] as const) {
    const path = join(folder, `${architecture}.gguf`);
    const problem = await problemOf(writeModel(path, { shape, architecture, metadata }));
    assert.equal(problem.code, "modelUnsuitable", architecture);
    assert.equal(problem.message, `${path} (${architecture}) does not generate text from left to right.`);
  }
});

test("a file that is no model which generates text is refused by its kind; what has a tokenizer may tokenize", async () => {
  const lora = join(folder, "lora.gguf");
  writeGguf(lora, new Map([["general.type", { type: "string", value: "adapter" }]]), []);
  const problem = await problemOf(lora);
  assert.equal(problem.code, "modelUnsuitable");
  assert.match(problem.message, /lora\.gguf is an adapter \(LoRA\)/);
  assert.match(problem.remedy, /^Use a file in which it is merged .* "foretoken\.modelPath"/);
  assert.ok("problem" in (await loadVocabulary(lora)));
  const embedding = join(folder, "embedding.gguf");
  writeModel(embedding, { shape: "tiny-swa", architecture: "gemma-embedding", metadata: {} });
  assert.match((await problemOf(embedding)).message, /computes embeddings/);
  const outcome = await loadVocabulary(embedding);
  assert.ok("vocabulary" in outcome);
  outcome.dispose();
});

test("a vocabulary that cannot be used is not loaded without its model either", async () => {
  for (const [value, says] of [
    ["no_vocab", /none\.gguf has no tokenizer/],
    ["llama", /none\.gguf has a tokenizer that cannot represent every text/],
  ] as const) {
    const metadata = { "tokenizer.ggml.model": { type: "string", value } } as const;
    const path = join(folder, "none.gguf");
    writeModel(path, { shape: "tiny-swa", metadata });
    const outcome = await loadVocabulary(path);
    assert.ok("problem" in outcome);
    assert.match(outcome.problem.message, says);
  }
});

test("a good model loads after bad ones", async () => {
  const engine = await load();
  assert.equal(engine.info.architecture, "llama");
  assert.equal(engine.info.backend, "cpu");
  assert.equal(engine.info.contextTokens, 1024);
  assert.deepEqual(engine.info.notes, []);
  await engine.dispose();
});

test("a model without fill-in-the-middle is loaded with a note", async () => {
  const nameless = patched(
    "fim_mid_token_id",
    "fim_mud_token_id",
    patched("<|fim_middle|>", "<|fim_muddle|>"),
  );
  const engine = await load({ modelPath: file("nofim.gguf", nameless) });
  assert.equal(engine.vocabulary.special.fillMiddle, undefined);
  assert.match(engine.info.notes.join(), /fill-in-the-middle/);
  await engine.dispose();
});

test("contexts of odd sizes are at least as large as requested", async () => {
  for (const contextTokens of [1, 10, 63, 100, 777]) {
    const engine = await load({ contextTokens, threads: 1 });
    assert.ok(engine.info.contextTokens >= contextTokens);
    const tokens = Int32Array.from({ length: 200 }, (_, i) => i);
    assert.equal((await engine.prefill(tokens, never)).kind, "prefilled");
    await engine.dispose();
  }
});

test("a library with different defaults fails the layout check, and the fields are named", async () => {
  const engine = await load();
  const library = (engine as unknown as { native: { library: Library } }).native.library;
  assert.deepEqual(layoutProblems(library), []);
  const older: Library = {
    ...library,
    contextDefaultParams: Object.assign(
      () => ({ ...library.contextDefaultParams(), n_threads: 8, swa_full: false }),
      {
        async: library.contextDefaultParams.async,
      },
    ),
  };
  assert.deepEqual(layoutProblems(older), [
    "context.n_threads is 8, expected 4",
    "context.swa_full is false, expected true",
  ]);
  await engine.dispose();
});

test("the back end is chosen once by the probe and then remembered", async () => {
  const cacheDirectory = join(folder, "cache");
  const probeScript = join(packageRoot(), "dist", "probe.js");
  const chosen = await chooseBackend({ requestedBackend: "auto", cacheDirectory, probeScript });
  assert.ok("directory" in chosen);
  const remembered = JSON.parse(readFileSync(join(cacheDirectory, "backend.json"), "utf8"));
  assert.equal(remembered.name, chosen.name);
  const again = await chooseBackend({
    requestedBackend: "auto",
    cacheDirectory,
    probeScript: join(folder, "absent.js"),
  });
  assert.deepEqual(again, chosen);
  const options = { requestedBackend: "auto", cacheDirectory, probeScript } as const;
  watchLoading({ name: "vulkan", directory: "" }, options);
  assert.deepEqual(await chooseBackend(options), chosen, "a load in another window proves nothing");
  writeFileSync(join(cacheDirectory, "backend.json"), "{ damaged");
  const fallback = await chooseBackend({
    requestedBackend: "auto",
    cacheDirectory,
    probeScript: join(folder, "absent.js"),
  });
  assert.deepEqual(fallback, findBackend("cpu"), "without a probe the CPU serves");
});

test("a back end that is not installed is reported as missing", async () => {
  const requestedBackend = process.platform === "darwin" ? "vulkan" : "metal";
  const missing = await chooseBackend({ ...cpuOptions, requestedBackend });
  assert.ok("remedy" in missing && missing.code === "backendMissing");
});

/** A process that begins to load a back end or a model, and is killed. */
function killedWhileLoading(cacheDirectory: string, subject: string, at: number): void {
  mkdirSync(join(cacheDirectory, "attempts"), { recursive: true });
  // No process has this number.
  const pid = 2 ** 22 + Math.floor(at % 1_000);
  const name = `${at} ${subject.replaceAll("/", "_")}.json`;
  writeFileSync(join(cacheDirectory, "attempts", name), JSON.stringify({ subject, pid, at }));
}

test("a model whose load has ended the process twice is not loaded again until the attempts are cleared", async () => {
  const cacheDirectory = join(folder, "interrupted");
  const modelPath = file("interrupted.gguf", good);
  const { size, mtimeMs } = statSync(modelPath);
  const subject = `model ${modelPath} ${size} ${mtimeMs} cpu`;
  const loaded = async () => {
    const outcome = await loadEngine({ ...cpuOptions, modelPath, cacheDirectory });
    if ("engine" in outcome) await outcome.engine.dispose();
    return "problem" in outcome ? outcome.problem : undefined;
  };
  killedWhileLoading(cacheDirectory, subject, Date.now() - 120_000);
  assert.equal(await loaded(), undefined, "once proves nothing, and a load that works clears it");
  killedWhileLoading(cacheDirectory, subject, Date.now() - 120_000);
  killedWhileLoading(cacheDirectory, subject, Date.now() - 60_000);
  const problem = await loaded();
  assert.match(problem?.message ?? "", /interrupted\.gguf has ended the server repeatedly/);
  assert.match(problem?.remedy ?? "", /Restart Server/);
  new LoadAttempts(cacheDirectory).forget();
  assert.equal(await loaded(), undefined);
});

test("where the user has chosen the back end, its distrusted model can be computed on the processor, as the remedy says", async t => {
  if (!findBackend("vulkan")) return t.skip("llama.cpp for Vulkan is not installed");
  const cacheDirectory = join(folder, "chosen");
  const { modelPath } = cpuOptions;
  const { size, mtimeMs } = statSync(modelPath);
  for (const ago of [120_000, 60_000])
    killedWhileLoading(cacheDirectory, `model ${modelPath} ${size} ${mtimeMs} vulkan`, Date.now() - ago);
  const outcome = await loadEngine({ ...cpuOptions, requestedBackend: "vulkan", cacheDirectory });
  assert.ok("problem" in outcome);
  assert.match(outcome.problem.remedy, /set "foretoken\.backend" to "cpu"\. .*Restart Server/);
  await (await load({ ...cpuOptions, cacheDirectory })).dispose();
});

test("a back end whose load has ended the process twice is replaced by the CPU, with a note", async () => {
  const cacheDirectory = join(folder, "distrusted");
  const key = `${EXPECTED_RELEASE} ${process.platform} ${process.arch}`;
  mkdirSync(cacheDirectory, { recursive: true });
  writeFileSync(join(cacheDirectory, "backend.json"), JSON.stringify({ key, name: "vulkan" }));
  const { size, mtimeMs } = statSync(cpuOptions.modelPath);
  const model = `model ${cpuOptions.modelPath} ${size} ${mtimeMs} vulkan`;
  for (const subject of [`back end vulkan ${EXPECTED_RELEASE}`, model]) {
    killedWhileLoading(cacheDirectory, subject, Date.now() - 120_000);
    killedWhileLoading(cacheDirectory, subject, Date.now() - 60_000);
  }
  const options = { ...cpuOptions, requestedBackend: "auto", cacheDirectory } as const;
  const chosen = await chooseBackend(options);
  assert.ok("name" in chosen && chosen.name === "cpu" && chosen.insteadOf === "vulkan");
  const engine = await load(options);
  assert.match(engine.info.notes.join(), /vulkan has ended the server repeatedly.*Restart Server/);
  await engine.dispose();
});

test("a back end that finds no device runs the model on the CPU and is reported as cpu", t => {
  if (!findBackend("vulkan")) return t.skip("llama.cpp for Vulkan is not installed");
  // A separate process, since a driver stays loaded once it has been loaded.
  const noDriver = { VK_DRIVER_FILES: "none", VK_ICD_FILENAMES: "none", XDG_CACHE_HOME: folder };
  const { modelPath } = cpuOptions;
  const run = (...options: string[]) =>
    spawnSync(process.execPath, [commandLineScript(), ...options], {
      env: { ...process.env, ...noDriver },
      encoding: "utf8",
    });
  const check = (...options: string[]) => run("model", "check", modelPath, ...options);
  const demanded = check("--backend", "vulkan");
  assert.match(demanded.stdout, / on cpu: /, demanded.stderr);
  assert.match(
    demanded.stderr,
    /for vulkan was found: .*driver of the graphics card, or set --backend to "auto"/,
  );
  const storage = join(folder, "foretoken");
  const decision = { key: `${EXPECTED_RELEASE} ${process.platform} ${process.arch}`, name: "vulkan" };
  writeFileSync(join(storage, "backend.json"), JSON.stringify(decision));
  assert.match(check().stderr, /for vulkan was found: .*The back end is chosen again at the next start/);
  // A check forgets what has failed before.
  const again = run("complete", `${commandLineScript()}:1:1`, "--model", modelPath, "--max-tokens", "1");
  assert.equal(again.status, 0, again.stderr);
  assert.doesNotMatch(again.stderr, /No graphics device/);
  assert.equal(JSON.parse(readFileSync(join(storage, "backend.json"), "utf8")).name, "cpu");
});

test("Node's own threads decode the same tokens if the decode thread cannot start", async () => {
  const texts: number[][] = [];
  for (const decodeScript of [cpuOptions.decodeScript as string, join(tmpdir(), "absent.js")]) {
    const outcome = await loadEngine({ ...cpuOptions, decodeScript });
    assert.ok("engine" in outcome);
    const { engine } = outcome;
    await engine.prefill(Int32Array.of(5, 6, 7), never);
    const tokens: number[] = [];
    for (let token = 11; tokens.length < 8; tokens.push(token)) {
      const decoded = await engine.decode(
        { count: 1, tokens: Int32Array.of(token), parents: Int32Array.of(-1) },
        never,
      );
      assert.ok(decoded.kind === "decoded");
      token = decoded.decoded.argmax(0);
      engine.accept([0]);
    }
    texts.push(tokens);
    await engine.dispose();
  }
  assert.deepEqual(texts[0], texts[1]);
});

/** Data sets with damaged files: documents as far as they go, or a reason that names the file, in bounded time. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { StoreError } from "../../../datastores/document.ts";
import { readApart } from "../../../datastores/sources/apart.ts";
import type { FileFormat } from "../../../datastores/sources/spec.ts";
import { readWorkerScript } from "../../../server/system/paths.ts";
import { writeStackV1, zstandardFrame } from "../../fakes/parquet.ts";
import { damaged, oddText, oddValue, pick, times } from "../random.ts";
import { type FuzzTarget, type Random, within } from "../target.ts";

const PATIENCE_MS = 1_000;
const MOST_DOCUMENTS = 10_000;
const MOST_MS = 30_000;

interface Sample {
  readonly name: string;
  readonly format: FileFormat;
  readonly bytes: Uint8Array;
}

function samples(folder: string): Sample[] {
  const files = Array.from({ length: 40 }, (_, i) => ({
    content: `def function_${i}(value):\n    return value + ${i}\n`.repeat(4),
    repositories: [{ name: "owner/name", path: `f${i}.py`, licences: ["MIT"] }],
    hexsha: String(i).padStart(40, "0"),
  }));
  const lines = Buffer.from(files.map(({ content }) => JSON.stringify({ content })).join("\n"));
  const codecs = ["SNAPPY", "GZIP", "ZSTD"] as const;
  const parquet = codecs.map((codec): Sample => {
    const path = join(folder, `${codec}.parquet`);
    writeStackV1(path, files, { pageSize: 600, codec });
    return { name: `damaged-${codec}.parquet`, format: "parquet", bytes: readFileSync(path) };
  });
  return [
    ...parquet,
    { name: "damaged.jsonl", format: "jsonl", bytes: lines },
    { name: "damaged.jsonl.gz", format: "jsonl", bytes: gzipSync(lines) },
    { name: "damaged.jsonl.zst", format: "jsonl", bytes: zstandardFrame(lines) },
  ];
}

const oddLines = (random: Random): Buffer =>
  Buffer.from(
    times(random, 40, () =>
      random() < 0.5 ? JSON.stringify({ content: oddValue(random) }) : oddText(random),
    ).join("\n"),
  );

async function attempt(random: Random, all: readonly Sample[], folder: string): Promise<void> {
  const { name, format, bytes } = pick(random, all);
  const path = join(folder, name);
  const isPlain = name.endsWith(".jsonl");
  writeFileSync(path, isPlain && random() < 0.5 ? oddLines(random) : damaged(bytes, random));
  const input = { kind: "file", name, identity: name, bytes: 1, path, format } as const;
  let documents = 0;
  const read = async () => {
    try {
      for await (const { text } of readApart(input, {
        script: readWorkerScript(),
        patienceMs: PATIENCE_MS,
      })) {
        assert.equal(typeof text, "string");
        assert.ok(++documents < MOST_DOCUMENTS, "more documents than the file can hold");
      }
    } catch (error) {
      assert.ok(error instanceof StoreError, `an error of another kind: ${(error as Error).stack}`);
      assert.ok(error.message.includes(name), `${error.message} does not name ${name}`);
    }
  };
  await within(MOST_MS, name, read());
}

export const sources: FuzzTarget = {
  name: "sources",
  async open(folder) {
    const all = samples(folder);
    return { attempt: random => attempt(random, all, folder), close: async () => {} };
  },
};

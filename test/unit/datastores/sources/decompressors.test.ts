import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { decompressors } from "../../../../datastores/sources/decompressors.ts";
import { zstandardFrame } from "../../../fakes/parquet.ts";

test("a page of nulls, which has no bytes, is unpacked by every codec", async () => {
  const nothing = Buffer.alloc(0);
  // LZ4 and Snappy as pyarrow writes them: a token without literals, and a length of 0.
  const packed = {
    LZ4_RAW: Uint8Array.of(0),
    LZ4: Uint8Array.of(0),
    SNAPPY: Uint8Array.of(0),
    GZIP: gzipSync(nothing),
    BROTLI: brotliCompressSync(nothing),
    ZSTD: zstandardFrame(nothing),
  };
  const all = await decompressors();
  for (const [codec, bytes] of Object.entries(packed))
    assert.deepEqual(all[codec as keyof typeof packed]?.(bytes, 0), new Uint8Array(0), codec);
});

test("a page is unpacked by every codec, and by Node's and zstandard's to no more bytes than its header says", async () => {
  const text = Buffer.from("a page of text, a page of text");
  const raw = Buffer.concat([Buffer.from([0xf0, text.length - 15]), text]);
  const packed = {
    LZ4_RAW: raw,
    SNAPPY: Buffer.concat([Buffer.from([text.length, (text.length - 1) << 2]), text]),
    GZIP: gzipSync(text),
    BROTLI: brotliCompressSync(text),
    ZSTD: zstandardFrame(text),
  };
  const all = await decompressors();
  for (const [codec, bytes] of Object.entries(packed)) {
    const unpack = all[codec as keyof typeof packed];
    assert.equal(Buffer.from(unpack!(bytes, text.length)).toString(), text.toString(), codec);
    if (/GZIP|BROTLI|ZSTD/.test(codec)) assert.throws(() => unpack!(bytes, text.length - 1), codec);
  }
});

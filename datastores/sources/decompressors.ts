/** How the pages of Parquet files are decompressed. */
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { Decompress } from "fzstd";
import type { Compressors } from "hyparquet";

type Compressor = NonNullable<Compressors["GZIP"]>;

const gunzip: Compressor = (bytes, length) => gunzipSync(bytes, { maxOutputLength: length });
const unbrotli: Compressor = (bytes, length) => brotliDecompressSync(bytes, { maxOutputLength: length });

/** Stops as soon as there is more data than the page's header says: some kilobytes can unpack to gigabytes. */
function unzstandard(bytes: Uint8Array, length: number): Uint8Array {
  const page = new Uint8Array(length);
  let end = 0;
  const decompress = new Decompress(chunk => {
    if (end + chunk.length > length) throw new Error("a page unpacks to more than its header says");
    page.set(chunk, end);
    end += chunk.length;
  });
  decompress.push(bytes, true);
  return page.subarray(0, end);
}

/**
 * The decompressors of all codecs. The package makes a WebAssembly instance when it is imported, for which a process with
 * limited addresses (`ulimit -v`) has no room: it is imported only for reading a file, and hyparquet's own
 * decompressor of Snappy serves without it.
 */
export async function decompressors(): Promise<Compressors> {
  const packaged = await import("hyparquet-compressors").then(
    ({ compressors }) => compressors,
    () => ({}),
  );
  // Node's own zlib is several times the speed of the one in JavaScript.
  const all = { ...packaged, GZIP: gunzip, BROTLI: unbrotli, ZSTD: unzstandard };
  return Object.fromEntries(
    Object.entries<Compressor>(all).map(([codec, unpack]) => [codec, exceptNothing(unpack)]),
  );
}

/** A page of nulls has no bytes to unpack, and the package's LZ4 refuses the block that stands for none. */
const exceptNothing =
  (unpack: Compressor): Compressor =>
  (bytes, length) =>
    length === 0 ? new Uint8Array(0) : unpack(bytes, length);

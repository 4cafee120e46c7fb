/**
 * Downloads one file so that an interruption loses nothing and no wrong content is kept.
 *
 * Received bytes are in `PATH.part`, and the version they belong to in `PATH.part.etag`. A later try requests only
 * the rest (`Range`, with `If-Range` in case the version has changed). The file gets its name only after its length
 * and, if known, its sha256 have been checked.
 */
import { createHash, type Hash } from "node:crypto";
import { createReadStream, readFileSync, writeFileSync } from "node:fs";
import { type FileHandle, open, rename, rm, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "../files/index.ts";
import { codeOf, fileError, PRIVATE_FILE, StoreError, storeError, throwIfCancelled } from "../index.ts";
import { get, type HubOptions, type Reply } from "./request.ts";
import { Temporary, withRetries } from "./retries.ts";

/** A file to download, and its target path. */
export interface Transfer {
  readonly url: string;
  /** Target path; missing folders are made. */
  readonly path: string;
  /** The file's name in messages. */
  readonly name: string;
  readonly bytes?: number;
  /** In hex. */
  readonly sha256?: string;
  /** In hex; used instead of `sha256`. */
  readonly sha512?: string;
}

export interface TransferOptions extends HubOptions {
  readonly onProgress?: (bytes: number, totalBytes: number) => void;
}

/** Tries that bring at least this much count as progress, not as failures in a row. */
const PROGRESS_BYTES = 1024 * 1024;
const START_AGAIN = "Try again; the download starts from the beginning.";
const RANGE = /^bytes (\d+)-\d+\/(\d+|\*)$/;

/**
 * Downloads a file, or continues a download. An existing file with the right length and sha256 is not changed.
 * Throws `StoreError`: `network`, `rateLimited`, `unauthorised`, `gated`, `missing`,
 * `noSpace`, `corrupt` (wrong sha256 repeatedly), `cancelled`.
 * @returns length in bytes
 */
export async function transfer(wanted: Transfer, options: TransferOptions = {}): Promise<{ bytes: number }> {
  throwIfCancelled(options.signal);
  const present = await finished(wanted, options);
  if (present) return present;
  let part: Part | undefined;
  try {
    makeFolder(dirname(wanted.path));
    part = await Part.open(wanted, options);
    await refuseFullDisk(wanted, part.length);
    const result = await download(part, wanted, options);
    await part.close();
    await rename(part.path, wanted.path);
    await rm(part.etagPath, { force: true });
    return result;
  } catch (error) {
    await part?.close();
    // A bug in the program must not be reported as a problem of the file.
    const isFileFault = typeof codeOf(error) === "string";
    throw isFileFault && !(error instanceof StoreError) ? fileError(error, wanted.path) : error;
  }
}

/** The hash a file must have; undefined if unknown. */
const expectedHash = ({ sha256, sha512 }: Transfer) => sha512 ?? sha256;
const hashOf = ({ sha512 }: Transfer) => createHash(sha512 === undefined ? "sha256" : "sha512");

async function finished(wanted: Transfer, { signal }: TransferOptions) {
  const { path, bytes } = wanted;
  const expected = expectedHash(wanted);
  const size = await stat(path).then(
    status => status.size,
    () => undefined,
  );
  if (size === undefined || (bytes === undefined && expected === undefined)) return undefined;
  if (bytes !== undefined && size !== bytes) return undefined;
  const hash = hashOf(wanted);
  await hashFile(path, hash, signal);
  return expected === undefined || expected === hash.digest("hex") ? { bytes: size } : undefined;
}

async function hashFile(
  path: string,
  hash: Hash,
  signal: AbortSignal | undefined,
  length = Infinity,
): Promise<void> {
  for await (const chunk of createReadStream(path, { end: length - 1, highWaterMark: 1 << 20 })) {
    throwIfCancelled(signal);
    hash.update(chunk);
  }
}

async function refuseFullDisk({ path, bytes }: Transfer, have: number): Promise<void> {
  if (bytes === undefined) return;
  const { bavail, bsize } = await statfs(dirname(path));
  if (bavail * bsize >= bytes - have) return;
  const megabytes = Math.ceil((bytes - have) / 1e6);
  throw storeError(
    "noSpace",
    `${path} needs ${megabytes} MB more than there is space for.`,
    "Free some space, or choose another folder.",
  );
}

async function download(part: Part, wanted: Transfer, options: TransferOptions) {
  let mark = part.length;
  const hasProgressed = () => {
    const gained = part.length - mark;
    mark = part.length;
    return gained >= PROGRESS_BYTES;
  };
  const attempt = async () => {
    if (wanted.bytes === undefined || part.length !== wanted.bytes) await receive(part, wanted, options);
    const expected = expectedHash(wanted);
    if (expected === undefined || expected === part.digest()) return { bytes: part.length };
    await part.reset();
    throw new Temporary(
      storeError("corrupt", `${wanted.name} arrived damaged: its hash does not match.`, START_AGAIN),
    );
  };
  return withRetries(attempt, options, hasProgressed);
}

/** The work of one connection. Returns when the file is complete, as far as can be told without its sha256. */
async function receive(part: Part, wanted: Transfer, options: TransferOptions): Promise<void> {
  const headers: Record<string, string> = {};
  if (isUnknown(part, wanted)) await part.reset();
  if (part.length > 0) {
    headers.range = `bytes=${part.length}-`;
    if (part.etag) headers["if-range"] = part.etag;
  }
  const reply = await get(wanted.url, wanted.name, headers, options);
  const total = wanted.bytes ?? totalOf(reply);
  // If the server does not continue where we stopped, everything received before is discarded.
  if (!(await isContinued(reply, part, wanted))) await part.reset();
  part.remember(reply.response.headers.get("etag"));
  for await (const chunk of reply.chunks()) {
    if (total !== undefined && part.length + chunk.length > total) {
      await part.reset();
      throw misfit(wanted, "the server sends more bytes than the file has");
    }
    await part.append(chunk);
    options.onProgress?.(part.length, total ?? part.length);
    throwIfCancelled(options.signal);
  }
  if (total !== undefined && part.length < total)
    throw misfit(wanted, `the server stopped after ${part.length} of ${total} bytes`);
}

/** Whether it cannot be known if the rest of a file belongs to the same version as the received part. */
const isUnknown = ({ length, etag }: Pick<Part, "length" | "etag">, wanted: Transfer): boolean =>
  length > 0 && etag === undefined && expectedHash(wanted) === undefined;

/** Whether the body continues at the end of the part; false for a body that is the whole file. */
async function isContinued({ response, cancel }: Reply, part: Part, wanted: Transfer): Promise<boolean> {
  if (response.status === 200) return part.length === 0;
  const range = RANGE.exec(response.headers.get("content-range") ?? "");
  const isRight = response.status === 206 && range !== null && Number(range[1]) === part.length;
  const isSameLength =
    wanted.bytes === undefined || range?.[2] === "*" || Number(range?.[2]) === wanted.bytes;
  // A server may not support If-Range. The bytes of two versions would fit together only by chance.
  const etag = response.headers.get("etag");
  const isOther = part.etag !== undefined && etag !== null && !isWeak(etag) && etag !== part.etag;
  const isKnown = expectedHash(wanted) !== undefined;
  if (isRight && isSameLength && (isKnown || !isOther)) return true;
  await cancel();
  await part.reset();
  throw misfit(wanted, "the server sends a different part of the file from the one requested");
}

function totalOf({ response }: Reply): number | undefined {
  const total = RANGE.exec(response.headers.get("content-range") ?? "")?.[2];
  if (total !== undefined) return total === "*" ? undefined : Number(total);
  const length = response.headers.get("content-length");
  return length === null ? undefined : Number(length);
}

const isWeak = (etag: string) => etag.startsWith("W/");

function misfit({ name }: Transfer, what: string): Temporary {
  return new Temporary(storeError("network", `${name}: ${what}.`, START_AGAIN));
}

/** What has been received so far, on disk and as a running hash of the same bytes. */
class Part {
  length = 0;
  etag: string | undefined;
  private hash: Hash;
  private isClosed = false;

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
    private readonly newHash: () => Hash,
  ) {
    this.hash = newHash();
  }

  get etagPath(): string {
    return `${this.path}.etag`;
  }

  static async open(wanted: Transfer, { signal }: TransferOptions): Promise<Part> {
    const path = `${wanted.path}.part`;
    // Opened without truncating, and created if needed.
    const file = await open(path, "a", PRIVATE_FILE);
    const part = new Part(path, file, () => hashOf(wanted));
    try {
      part.length = (await file.stat()).size;
      if (part.length > 0) await hashFile(path, part.hash, signal, part.length);
      part.etag = part.knownEtag();
      const isTooLong = wanted.bytes !== undefined && part.length > wanted.bytes;
      if (isTooLong || isUnknown(part, wanted)) await part.reset();
      return part;
    } catch (error) {
      await part.close();
      throw error;
    }
  }

  async append(chunk: Uint8Array): Promise<void> {
    await this.file.appendFile(chunk);
    this.hash.update(chunk);
    this.length += chunk.length;
  }

  async reset(): Promise<void> {
    await this.file.truncate(0);
    this.hash = this.newHash();
    this.length = 0;
    this.etag = undefined;
    await rm(this.etagPath, { force: true });
  }

  /** Weak tags do not guarantee equal bytes, so parts must not be joined by them. */
  remember(etag: string | null): void {
    if (etag === null || isWeak(etag) || etag === this.etag) return;
    this.etag = etag;
    writeFileSync(this.etagPath, etag, { mode: PRIVATE_FILE });
  }

  digest(): string {
    return this.hash.copy().digest("hex");
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    // The data must be on disk before renaming; a part that cannot be synced is resumed or downloaded again.
    await this.file.sync().catch(() => {});
    await this.file.close();
  }

  private knownEtag(): string | undefined {
    try {
      return readFileSync(this.etagPath, "utf8") || undefined;
    } catch {
      return undefined;
    }
  }
}

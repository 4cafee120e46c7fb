/**
 * The shard file: a header with the sections' positions and checksums, and the sections. `FORMAT.md` describes the
 * layout byte by byte. Everything is little-endian, as is every machine that Node's releases support except s390x.
 */
import { createHash } from "node:crypto";
import { StoreError, type StoreProblem } from "../index.ts";
import { DEPTH } from "./sort.ts";

export const FORMAT_VERSION = 1;
/** Sections begin at multiples of this, so that a block of entries never crosses a page boundary. */
export const ALIGNMENT = 4096;
/** Distance of entries whose key and position are kept in memory. */
export const SAMPLE_INTERVAL = 128;
/** Number of tokens in such a key. */
export const SAMPLE_KEY_TOKENS = 8;
/** Most distinct tokens of a shard that stores them in two bytes; one more value is the separator. */
export const MAX_SHORT_TOKENS = 0xffff;
/** Upper limit of vocabulary sizes. It keeps a damaged id from requesting gigabytes. */
export const MAX_TOKENS = 1 << 24;

export const SECTIONS = [
  "metadata",
  "dictionary",
  "tokens",
  "positions",
  "sampleKeys",
  "samplePositions",
  "documentSpans",
  "documentRecords",
  "documentOffsets",
] as const;
export type SectionName = (typeof SECTIONS)[number];

export interface Section {
  /** From the start of the file, in bytes. */
  readonly offset: number;
  /** In bytes. */
  readonly length: number;
  readonly sha256: Uint8Array;
}

export interface ShardHeader {
  /** 2 if tokens are numbers of the shard's dictionary, 4 if they are the tokenizer's own ids. */
  readonly tokenBytes: 2 | 4;
  readonly depth: number;
  readonly sampleInterval: number;
  readonly sampleKeyTokens: number;
  readonly vocabularySize: number;
  /** Separators included. */
  readonly tokens: number;
  /** Positions in the prefix array. */
  readonly entries: number;
  readonly documents: number;
  readonly sections: Readonly<Record<SectionName, Section>>;
}

/** A shard's metadata, beside the numbers in the header. */
export interface ShardMetadata {
  /** Fingerprint of the tokenizer of the ids; drafts from another tokenizer would be noise. */
  readonly tokenizer: string;
  readonly vocabularySize: number;
  /** UTF-8 bytes of the texts. */
  readonly textBytes: number;
  /** Where the texts came from: any JSON value. */
  readonly source: unknown;
  /** ISO 8601. */
  readonly created: string;
  /** Name and version of the program that built the shard. */
  readonly builder: string;
}

const MAGIC = new TextEncoder().encode("FTKSHARD");
const CHECKSUM_BYTES = 32;
const TABLE_OFFSET = 64;
const TABLE_ENTRY_BYTES = 16 + CHECKSUM_BYTES;
const CHECKSUM_OFFSET = TABLE_OFFSET + SECTIONS.length * TABLE_ENTRY_BYTES;
export const HEADER_BYTES = CHECKSUM_OFFSET + CHECKSUM_BYTES;

const REBUILD = 'Build it again: "Foretoken: Rebuild Datastore", or foretoken datastore build.';
/** Remedies for problems that are not the files' fault. */
const REMEDIES: Partial<Record<StoreProblem["code"], string>> = {
  unreadable: "Check that it can be read, and that the system lets this process open more files.",
};

export const shardProblem = (code: StoreProblem["code"], message: string, cause?: unknown) =>
  new StoreError({ code, message, remedy: REMEDIES[code] ?? REBUILD }, { cause });

export const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

export const sameBytes = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

export function encodeHeader(header: ShardHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(8, FORMAT_VERSION, true);
  view.setUint32(12, HEADER_BYTES, true);
  view.setUint32(16, header.tokenBytes, true);
  view.setUint32(20, header.depth, true);
  view.setUint32(24, header.sampleInterval, true);
  view.setUint32(28, header.sampleKeyTokens, true);
  view.setUint32(32, header.vocabularySize, true);
  view.setUint32(36, header.tokens, true);
  view.setUint32(40, header.entries, true);
  view.setUint32(44, header.documents, true);
  for (const [i, name] of SECTIONS.entries()) {
    const { offset, length, sha256: checksum } = header.sections[name];
    const at = TABLE_OFFSET + i * TABLE_ENTRY_BYTES;
    view.setBigUint64(at, BigInt(offset), true);
    view.setBigUint64(at + 8, BigInt(length), true);
    bytes.set(checksum, at + 16);
  }
  bytes.set(sha256(bytes.subarray(0, CHECKSUM_OFFSET)), CHECKSUM_OFFSET);
  return bytes;
}

/**
 * Reads and checks a header. @param bytes the first `HEADER_BYTES` of the file, or all of a shorter one
 * @param fileBytes size of the file; sections must be inside
 * Throws a `StoreError` for a file that is foreign, of another version, cut short or damaged.
 */
export function decodeHeader(bytes: Uint8Array, fileBytes: number, path: string): ShardHeader {
  if (!sameBytes(bytes.subarray(0, MAGIC.length), MAGIC))
    throw shardProblem("foreign", `${path} is not a Foretoken datastore shard.`);
  if (bytes.length < HEADER_BYTES) throw shardProblem("corrupt", `${path} is cut short.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(8, true);
  if (version !== FORMAT_VERSION)
    throw shardProblem(
      "version",
      `${path} has format version ${version}; this version of Foretoken reads ${FORMAT_VERSION}.`,
    );
  if (!sameBytes(bytes.subarray(CHECKSUM_OFFSET, HEADER_BYTES), sha256(bytes.subarray(0, CHECKSUM_OFFSET))))
    throw shardProblem("corrupt", `${path} has a damaged header.`);
  const sections = {} as Record<SectionName, Section>;
  for (const [i, name] of SECTIONS.entries()) {
    const at = TABLE_OFFSET + i * TABLE_ENTRY_BYTES;
    const offset = Number(view.getBigUint64(at, true));
    const length = Number(view.getBigUint64(at + 8, true));
    if (offset + length > fileBytes)
      throw shardProblem("corrupt", `${path} is cut short: ${name} ends at byte ${offset + length}.`);
    sections[name] = { offset, length, sha256: bytes.slice(at + 16, at + TABLE_ENTRY_BYTES) };
  }
  const header: ShardHeader = {
    tokenBytes: view.getUint32(16, true) === 2 ? 2 : 4,
    depth: view.getUint32(20, true),
    sampleInterval: view.getUint32(24, true),
    sampleKeyTokens: view.getUint32(28, true),
    vocabularySize: view.getUint32(32, true),
    tokens: view.getUint32(36, true),
    entries: view.getUint32(40, true),
    documents: view.getUint32(44, true),
    sections,
  };
  if (!isConsistent(header))
    throw shardProblem(
      "corrupt",
      `${path} is inconsistent: its order, its samples or the sizes of its sections.`,
    );
  return header;
}

/** Whether the order and the samples are those of this version, and the sections have the sizes that follow from the header. */
function isConsistent({ sections, ...header }: ShardHeader): boolean {
  const samples = Math.ceil(header.entries / header.sampleInterval);
  return (
    header.depth === DEPTH &&
    header.sampleInterval === SAMPLE_INTERVAL &&
    header.sampleKeyTokens === SAMPLE_KEY_TOKENS &&
    sections.tokens.length === header.tokens * header.tokenBytes &&
    sections.positions.length === header.entries * 4 &&
    sections.samplePositions.length === samples * 4 &&
    sections.sampleKeys.length === samples * header.sampleKeyTokens * header.tokenBytes &&
    sections.documentSpans.length === header.documents * 8 &&
    sections.documentOffsets.length === (header.documents + 1) * 8 &&
    (header.tokenBytes === 4 || sections.dictionary.length <= MAX_SHORT_TOKENS * 4)
  );
}

/** Lists a zip archive by its central directory; a package can then be checked without unpacking it. */
import { readFileSync } from "node:fs";

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;

/** The files of an archive below 4 GB: { name, compressedBytes, bytes }. */
export function listZip(file) {
  const data = readFileSync(file);
  let end = data.length - END_BYTES; // A comment may follow the end record, so it is looked for backwards.
  while (end >= 0 && data.readUInt32LE(end) !== END_OF_DIRECTORY) end--;
  if (end < 0) throw new Error(`${file} is not a zip archive`);
  const count = data.readUInt16LE(end + 10);
  let offset = data.readUInt32LE(end + 16);
  const entries = [];
  for (let index = 0; index < count; index++) {
    if (data.readUInt32LE(offset) !== DIRECTORY_ENTRY) throw new Error(`${file} has a damaged directory`);
    const nameBytes = data.readUInt16LE(offset + 28);
    entries.push({
      name: data.toString("utf8", offset + ENTRY_BYTES, offset + ENTRY_BYTES + nameBytes),
      compressedBytes: data.readUInt32LE(offset + 20),
      bytes: data.readUInt32LE(offset + 24),
    });
    offset += ENTRY_BYTES + nameBytes + data.readUInt16LE(offset + 30) + data.readUInt16LE(offset + 32);
  }
  return entries;
}

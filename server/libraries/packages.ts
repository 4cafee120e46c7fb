/** Packages of libraries that are not bundled but may be fetched, from the build's list. */
import { readFileSync } from "node:fs";

/** An npm package, pinned by its content. */
export interface LibraryPackage {
  readonly name: string;
  readonly version: string;
  /** As in npm's lock file: `sha512-` and the hash in base64. */
  readonly integrity: string;
}

const INTEGRITY = /^sha512-[A-Za-z0-9+/]{86}==$/;

/** The sha512 of a package's archive, in hex. */
export const sha512Of = ({ integrity }: LibraryPackage): string =>
  Buffer.from(integrity.slice("sha512-".length), "base64").toString("hex");

const isPackage = (value: Partial<LibraryPackage> | null): value is LibraryPackage =>
  typeof value?.name === "string" &&
  typeof value.version === "string" &&
  typeof value.integrity === "string" &&
  INTEGRITY.test(value.integrity);

/**
 * The package of CUDA's libraries for a platform; undefined if there is none with a known hash.
 * @param file the build's list
 */
export function cudaPackage(
  file: string,
  platform: NodeJS.Platform = process.platform,
  arch: string = process.arch,
): LibraryPackage | undefined {
  const system = { linux: "linux", win32: "win" }[platform as string];
  if (system === undefined) return undefined;
  try {
    const listed: unknown = JSON.parse(readFileSync(file, "utf8"));
    const packages: unknown[] = Array.isArray(listed) ? listed : [];
    return packages
      .map(value => value as Partial<LibraryPackage> | null)
      .filter(isPackage)
      .find(({ name }) => name === `@node-llama-cpp/${system}-${arch}-cuda`);
  } catch {
    return undefined; // A build without the list offers no packages.
  }
}

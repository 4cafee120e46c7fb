/** Types of paths.mjs, which explains each of them. */
export const root: string;
export const installFolder: string;
export const vscodeFolder: string;
export const nodeBinary: string;
export const stampFile: string;
export const outputFolder: string;
export function findChromium(): string | undefined;
export function findOnPath(names: readonly string[]): string | undefined;
export function packagesAreInstalled(): boolean;

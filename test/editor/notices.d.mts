export const BUNDLED_LIST: string;
export function thirdPartyNotices(root: string, folders: readonly string[], mit: string): string;
export function bundledPackages(root: string): string[];

import type { Memory } from "../../extension/memory.ts";

/** Persistent memory as a table. */
export function memoryOf(
  values: Record<string, unknown> = {},
): Memory & { readonly values: Record<string, unknown> } {
  return {
    values,
    get<T>(key: string) {
      return values[key] as T | undefined;
    },
    async update(key, value) {
      values[key] = value;
    },
  };
}

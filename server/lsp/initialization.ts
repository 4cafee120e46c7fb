/** Validates what a client sends with `initialize`; any part of it may be invalid. */
import type { InitializationOptions } from "../protocol/index.ts";

/** The options of the right type; if the trust of a workspace cannot be read, it is not trusted. */
export function initializationOptions(given: unknown): InitializationOptions & { readonly trusted: boolean } {
  const { settings, storageDirectory, trusted, retryLoads, acceptCommand, reportsRequests } = (given ??
    {}) as Partial<Record<keyof InitializationOptions, unknown>>;
  return {
    settings,
    trusted: trusted === undefined || trusted === true,
    ...(isName(storageDirectory) && { storageDirectory }),
    ...(isName(acceptCommand) && { acceptCommand }),
    retryLoads: retryLoads === true,
    reportsRequests: reportsRequests === true,
  };
}

const isName = (value: unknown): value is string => typeof value === "string" && value !== "";

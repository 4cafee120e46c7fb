/** What a client has sent with `initialize`, of which nothing need be as it should. */
import type { InitializationOptions } from "../protocol/index.ts";

/** The options that are of the right type; a workspace whose trust cannot be read is not trusted. */
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

/** Files that list documents of a store to be left out of searches. */

import { contentOf } from "../files/index.ts";
import { StoreError } from "../index.ts";

/** Indices of documents by shard file. */
export type DocumentLists = Readonly<Record<string, readonly number[]>>;

/**
 * Reads such a file; if it does not exist, there are no documents. Throws a `StoreError` for one that is damaged or cannot be
 * read: without the list, documents that must be left out would be found.
 */
export function readDocumentLists(path: string, remedy: string): { documents: DocumentLists; value: object } {
  const content = contentOf(path);
  if (!content) return { documents: {}, value: {} };
  try {
    const value: unknown = JSON.parse(content.toString());
    if (typeof value === "object" && value !== null && "documents" in value && areLists(value.documents))
      return { documents: value.documents, value };
  } catch {
    // Reported below, like a file of the wrong shape.
  }
  throw new StoreError({ code: "corrupt", message: `${path} is damaged.`, remedy });
}

const areLists = (value: unknown): value is DocumentLists =>
  typeof value === "object" &&
  value !== null &&
  Object.values(value).every(
    indices => Array.isArray(indices) && indices.every(index => Number.isSafeInteger(index) && index >= 0),
  );

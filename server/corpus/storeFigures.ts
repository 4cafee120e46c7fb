/** What a store holds, for programs and for people. */
import { leftOutText, readBuilds, repeatedIn, type StoreManifest } from "../../datastores/build/index.ts";
import { StoreError } from "../../datastores/index.ts";
import { damageText } from "../protocol/index.ts";
import { counted, printable } from "../system/index.ts";

interface StoreFigures
  extends Pick<
    StoreManifest,
    "name" | "created" | "sources" | "tokenizer" | "dropped" | "skipped" | "damage" | "missingShares"
  > {
  readonly tokens: number;
  readonly documents: number;
  readonly shards: number;
  /** On disk. */
  readonly bytes: number;
  readonly bytesPerToken: number;
  /** UTF-8 bytes of the texts in it. */
  readonly textBytes: number;
  /** Documents that are left out of searches, since another input has them. */
  readonly repeated: number;
  /** A later build that replaces the store once its missing shares exist. */
  readonly laterBuild?: Pick<StoreManifest, "sources" | "missingShares">;
}

export function figures(directory: string): StoreFigures {
  const { store, last } = readBuilds(directory);
  const sum = (pick: (shard: (typeof store.shards)[number]) => number) =>
    store.shards.reduce((total, shard) => total + pick(shard), 0);
  const tokens = sum(shard => shard.tokens);
  const bytes = sum(shard => shard.bytes);
  return {
    name: store.name,
    created: store.created,
    sources: store.sources,
    tokens,
    documents: sum(shard => shard.documents),
    shards: store.shards.length,
    bytes,
    bytesPerToken: tokens > 0 ? Math.round((1000 * bytes) / tokens) / 1000 : 0,
    textBytes: sum(shard => shard.textBytes),
    tokenizer: store.tokenizer,
    dropped: store.dropped,
    skipped: store.skipped,
    repeated: Object.values(repeatedIn(directory, store.build)).reduce(
      (total, documents) => total + documents.length,
      0,
    ),
    damage: store.damage,
    missingShares: store.missingShares,
    ...(last.build !== store.build && {
      laterBuild: { sources: last.sources, missingShares: last.missingShares },
    }),
  };
}

/** The same in sentences. */
export function describe(directory: string): string {
  const {
    name,
    created,
    tokens,
    documents,
    shards,
    bytes,
    bytesPerToken,
    tokenizer,
    dropped,
    skipped,
    repeated,
    damage,
    missingShares,
    laterBuild,
  } = figures(directory);
  const left = leftOutText(dropped);
  const passed = leftOutText(skipped);
  return [
    `${name}: ${counted(tokens, "token")} of ${counted(documents, "document")} in ${counted(shards, "shard")}, ${(bytes / 1e6).toFixed(1)} MB (${bytesPerToken} bytes a token)`,
    `built ${created} for the tokenizer of ${tokenizer.model} (${tokenizer.fingerprint})`,
    ...(left ? [`left out: ${left}`] : []),
    ...(repeated > 0
      ? [`left out of searches, since another input has them: ${counted(repeated, "document")}`]
      : []),
    ...(passed ? [`passed over: ${passed}`] : []),
    ...(damage.count > 0 ? [damageText(damage)] : []),
    ...(missingShares.length > 0 ? [`shares still missing: ${missingShares.join(", ")}`] : []),
    ...(laterBuild
      ? [
          `not in use yet: a later build of ${laterBuild.sources.join(", ")}; shares still missing: ${laterBuild.missingShares.join(", ")}`,
        ]
      : []),
    "",
  ]
    .map(printable)
    .join("\n");
}

/** A store that cannot be read must not hide the others. */
export function figuresOrProblem(directory: string): StoreFigures | { readonly problem: string } {
  try {
    return figures(directory);
  } catch (error) {
    if (error instanceof StoreError) return { problem: error.message };
    throw error;
  }
}

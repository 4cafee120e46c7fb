/** The predictions of a decode, read from the library's memory; valid until the context computes again. */
import type { CopyPart, LargestLogits } from "./argmax.ts";
import type { Decoded } from "./engine.ts";
import type { GrowingContext } from "./growingContext.ts";
import type { Library } from "./libllama.ts";

interface DecodedContext {
  readonly library: Library;
  readonly context: Pick<GrowingContext, "pointer">;
  readonly vocabulary: { readonly size: number };
}

/** Whether a row of logits holds numbers. Its first value is enough: one NaN within a network reaches every logit. */
export function holdsNumbers({ library, context }: Omit<DecodedContext, "vocabulary">, row: number): boolean {
  const address = library.logitsAt(context.pointer, row);
  const first = new Float32Array(1);
  if (address !== null) library.copyMemory(first, address, first.byteLength);
  return !Number.isNaN(first[0]);
}

/** @param rowOf the row of the batch that a node of the tree had */
export function decodedRows(
  { library, context, vocabulary }: DecodedContext,
  rowOf: (node: number) => number,
  largest: LargestLogits,
  ms: number,
): Decoded {
  const addressOf = (node: number): bigint => {
    const address = library.logitsAt(context.pointer, rowOf(node));
    if (address === null) throw new Error(`llama.cpp has no logits for node ${node}`);
    return address;
  };
  const partsOf = (node: number): CopyPart => {
    const row = addressOf(node);
    return (part, start) => {
      library.copyMemory(part, row + BigInt(start * 4), part.byteLength);
    };
  };
  return {
    ms,
    logits: (node, out) => {
      library.copyMemory(out, addressOf(node), vocabulary.size * 4);
    },
    argmax: node => largest.argmax(partsOf(node)),
    top: (node, count, ids, logits) => largest.top(partsOf(node), count, ids, logits),
    probability: (node, token) => largest.share(partsOf(node), token),
  };
}

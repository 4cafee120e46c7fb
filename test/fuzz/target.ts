/** What is tried with input that nobody has thought of. */

/** Numbers from 0 on, below 1, the same for the same seed. */
export type Random = () => number;

export interface FuzzTarget {
  readonly name: string;
  /** @param folder an empty one, for the target alone */
  open(folder: string): Promise<OpenTarget>;
}

export interface OpenTarget {
  /** Tries one case. Throws what is wrong with it. */
  attempt(random: Random): Promise<void>;
  close(): Promise<void>;
}

/** Fails a case that takes longer. */
export async function within<T>(milliseconds: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

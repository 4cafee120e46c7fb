/** Runs a generator to its end: `each` is called with every value it yields. Resolves to its return value. */
export async function drain<T, Result>(
  steps: AsyncGenerator<T, Result>,
  each: (value: T) => void = () => {},
): Promise<Result> {
  for (;;) {
    const { value, done } = await steps.next();
    if (done) return value;
    each(value);
  }
}

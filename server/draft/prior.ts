/**
 * The weights drafting begins with, as `foretoken bench calibration --fit` found them: 38 projects of Debian's Python
 * packages that the datastore (89 M tokens of other packages) does not hold, completed at some 1,800 places by what
 * really stands there. A row for each of `SOURCE_NAMES`, in the order of `Feature`, then "none of them".
 *
 * Not fitted so, since held-out code says nothing of them: `recent` and `accepted`, which have the document's
 * weights; `recycling`, whose weights `--own --fit` found where the embedded model spoke for itself; and `draft model`,
 * fitted where the embedded model in Q8_0 went on with HumanEval's solutions, drafted for by itself in Q4_0 and by
 * SmolLM2-135M-Instruct.
 */
export const PRIOR_WEIGHTS: readonly number[] = [
  // document
  ...[0.84, 0.69, -0.67, 0.21, -0.22, 0.64, 0, -0.27, -0.46, 0.18, 0.45],
  // ahead
  ...[1.16, 0.67, -0.18, 0.6, -0.01, -0.13, 0, -0.29, -0.53, -0.66, 0.42],
  // recent
  ...[0.84, 0.69, -0.67, 0.21, -0.22, 0.64, 0, -0.27, -0.46, 0.18, 0.45],
  // accepted
  ...[0.84, 0.69, -0.67, 0.21, -0.22, 0.64, 0, -0.27, -0.46, 0.18, 0.45],
  // workspace
  ...[0.47, 0.99, -0.03, 0.57, -0.22, 0.3, 0.8, -0.28, -0.2, -0.69, 0.62],
  // datastore
  ...[0.76, 0.47, -1.08, 0.46, -0.11, 0.3, 0, -0.27, 0.29, 0.36, 0.21],
  // recycling
  ...[0.86, 0.73, 0, 0.2, 0, 0, 0, 0, 0.17, -0.09, 0],
  // draft model
  ...[4.85, 0.4, 0, 0.72, 0, 0, 0, 0.1, 0.3, -0.17, 0],
  // none of them: bias, depth
  ...[2.27, -0.39],
];

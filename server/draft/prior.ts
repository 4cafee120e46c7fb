/**
 * The initial weights of drafting, found by `foretoken bench calibration --fit --places 24` on 20 packages of PyPI that are not
 * in the datastore (60 M tokens of others), completed at some 1,900 places with their actual text. A row for each of
 * `SOURCE_NAMES`, in the order of `Feature`, then "none of them".
 *
 * Held-out code says nothing about four sources, which were fitted differently. `recent` and `accepted` have the weights of the
 * document in an earlier fit, which are better for changes between releases. `recycling` has weights found by `--own --fit` on
 * the embedded model's own text. `draft model` was fitted on the embedded model in Q8_0 continuing HumanEval's solutions, with
 * itself in Q4_0 and SmolLM2-135M-Instruct as draft models. All four were fitted with another "none of them" and have been
 * shifted by the difference.
 */
export const PRIOR_WEIGHTS: readonly number[] = [
  // document
  ...[0.55, 0.74, -0.52, 0.13, -0.03, 0.48, 0, -0.66, 0.21, -0.18, 0.8, 1.32],
  // ahead
  ...[0.93, 0.53, 0.2, 0.7, 0.35, -0.66, 0, -0.61, 0.04, -0.65, 0.21, 0.74],
  // recent
  ...[1.29, 0.69, -0.67, 0.21, -0.22, 0.64, 0, -0.59, -0.46, 0.18, 0.45, 0],
  // accepted
  ...[1.29, 0.69, -0.67, 0.21, -0.22, 0.64, 0, -0.59, -0.46, 0.18, 0.45, 0],
  // workspace
  ...[-0.74, 0.98, -0.59, 0.34, 0.06, 0.3, 0.63, -0.68, 0.55, -0.24, 0.79, 0.72],
  // datastore
  ...[-0.18, 0.94, -0.85, 0.43, 0.05, 0.3, 0, -0.97, 0.68, 0.51, 1.07, 0.38],
  // recycling
  ...[1.16, 0.73, 0, 0.2, 0, 0, 0, 0, 0.17, -0.09, 0, 0],
  // draft model
  ...[5.3, 0.4, 0, 0.72, 0, 0, 0, -0.22, 0.3, -0.17, 0, 0],
  // none of them: bias, depth
  ...[2.72, -0.71],
];

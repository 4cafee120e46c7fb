import { BACKEND_CHOICES, type Settings } from "../protocol/index.ts";
import { UsageError } from "../system/index.ts";

/** The back end of the option `--backend`. Throws a `UsageError` for an unknown one. */
export function backendOf(given: string | undefined): Settings["backend"] {
  const backend = BACKEND_CHOICES.find(each => each === (given ?? "auto"));
  if (!backend)
    throw new UsageError(
      `--backend must be ${BACKEND_CHOICES.slice(0, -1).join(", ")} or ${BACKEND_CHOICES.at(-1)}, got ${given}.`,
    );
  return backend;
}

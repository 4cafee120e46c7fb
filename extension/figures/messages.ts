/** Messages between the dashboard's page and the extension. */
import type { DashboardFigures, ModelFailure } from "../../server/protocol/index.ts";
import type { Summary } from "./summary.ts";

/** To the page: everything that is shown. */
export interface ShowMessage {
  readonly type: "show";
  readonly summary: Summary;
  /** Absent while the server is not running. */
  readonly server?: DashboardFigures | undefined;
  /** Milliseconds since 1970: now, and when the data was requested. */
  readonly now: number;
  readonly askedAt: number;
}

/** The action of a button on the page. */
export type PageAction = "export" | "clear" | "rebuild" | "reindex";

/** From the page: it is ready, it took this long from the request to drawing, or a button was pressed. */
export type PageMessage =
  | { readonly type: "ready" }
  | { readonly type: "drawn"; readonly ms: number }
  | { readonly type: "action"; readonly action: PageAction };

/** Said where a server is needed and there is none: by the extension and by the dashboard's page. */
export const NO_SERVER = {
  message: "The server is not running.",
  remedy: "Restart it: Foretoken: Restart Server.",
} as const satisfies ModelFailure;

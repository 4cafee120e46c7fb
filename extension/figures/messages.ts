/** What the dashboard's page and the extension say to each other. */
import type { DashboardFigures } from "../../server/protocol/index.ts";
import type { Summary } from "./summary.ts";

/** To the page: all that is shown. */
export interface ShowMessage {
  readonly type: "show";
  readonly summary: Summary;
  /** Absent while the server does not run. */
  readonly server?: DashboardFigures | undefined;
  /** Milliseconds since 1970: now, and when it was asked for. */
  readonly now: number;
  readonly askedAt: number;
}

/** What a button of the page asks for. */
export type PageAction = "export" | "clear" | "rebuild" | "reindex";

/** From the page: it is there, it has drawn what it was sent so long after it was asked for, a button was pressed. */
export type PageMessage =
  | { readonly type: "ready" }
  | { readonly type: "drawn"; readonly ms: number }
  | { readonly type: "action"; readonly action: PageAction };

/** What an export of the dashboard holds. */
import type { DashboardFigures } from "../../server/protocol/index.ts";
import type { EventLog } from "./events.ts";

/** The remembered events and what the server knows, without the last completion: its tokens are the user's text. */
export function exported(
  events: EventLog,
  server: DashboardFigures | undefined,
): EventLog & { readonly server: Omit<DashboardFigures, "completion"> | undefined } {
  if (!server) return { ...events, server: undefined };
  const { completion: _, ...figures } = server;
  return { ...events, server: figures };
}

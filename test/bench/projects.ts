/** Projects whose files are open beside the completed one, indexed as the server does. */
import { pathToFileURL } from "node:url";
import { Workspace } from "../../server/corpus/index.ts";
import type { CorpusSource } from "../../server/draft/index.ts";
import type { Vocabulary } from "../../server/engine/index.ts";
import { UsageError } from "../../server/system/index.ts";

export class Projects {
  private constructor(private readonly workspaces: ReadonlyMap<string, Workspace>) {}

  /** Indexes each folder separately. The caller disposes the result. Throws a `UsageError` for one without such files. */
  static async of(folders: readonly string[], vocabulary: Vocabulary): Promise<Projects> {
    const tokenizer = {
      tokenize: async (texts: readonly string[]) => texts.map(text => vocabulary.tokenize(text)),
    };
    const workspaces = new Map<string, Workspace>();
    for (const folder of folders) {
      const workspace = new Workspace([folder], tokenizer, message => {
        throw new UsageError(message);
      });
      await workspace.scan();
      // Without projects to draft from it would be a different suite.
      if (workspace.files === 0)
        throw new UsageError(`${folder} has no files to draft from: does git ignore it?`);
      workspaces.set(`${pathToFileURL(folder).href}/`, workspace);
    }
    return new Projects(workspaces);
  }

  /** The other files of a file's project; none if it belongs to no project. */
  sourcesFor(uri: string): CorpusSource[] {
    for (const [folder, workspace] of this.workspaces)
      if (uri.startsWith(folder)) return [workspace.source(uri)];
    return [];
  }

  dispose(): void {
    for (const workspace of this.workspaces.values()) workspace.dispose();
  }
}

/** Where completions are offered; virtual and read-only documents have other schemes. */
export const DOCUMENT_SELECTOR = [
  { scheme: "file" },
  { scheme: "untitled" },
  { scheme: "vscode-notebook-cell" },
  { scheme: "vscode-remote" },
];

export {
  fileUrl,
  listRepository,
  type Repository,
  repositoryLabel,
} from "./repository.ts";
export type { HubOptions } from "./request.ts";
export { type Transfer, type TransferOptions, transfer } from "./transfer.ts";

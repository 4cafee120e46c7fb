export {
  fileUrl,
  listRepository,
  type Repository,
  repositoryLabel,
} from "./repository.ts";
export { type HubOptions, isAddress, withoutCredentials } from "./request.ts";
export { type Transfer, type TransferOptions, transfer } from "./transfer.ts";

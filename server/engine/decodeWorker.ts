/** The code of the thread that decodes (`decodeThread.ts`). */
import { parentPort, workerData } from "node:worker_threads";
import { type DecodeRequest, type DecodeWorkerData, READY } from "./decodeThread.ts";
import { openDecode } from "./libllama.ts";

const port = parentPort;
if (!port) throw new Error("this is the code of a worker thread");

const decode = openDecode((workerData as DecodeWorkerData).directory);
port.on("message", ({ context, batch }: DecodeRequest) => port.postMessage(decode(context, batch)));
port.postMessage(READY);

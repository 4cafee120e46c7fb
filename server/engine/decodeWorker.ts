/** The code of the thread that decodes (`decodeThread.ts`). */
import { parentPort, workerData } from "node:worker_threads";
import { type DecodeRequest, type DecodeWorkerData, END, READY } from "./decodeThread.ts";
import { openDecode } from "./libllama.ts";

const port = parentPort;
if (!port) throw new Error("this is the code of a worker thread");

const decode = openDecode((workerData as DecodeWorkerData).directory);
port.on("message", (request: DecodeRequest | typeof END) => {
  if (request === END) port.close();
  else port.postMessage(decode(request.context, request.batch));
});
port.postMessage(READY);

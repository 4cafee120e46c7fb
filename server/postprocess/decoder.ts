/** Token bytes to text. A character may be spread over tokens: its bytes wait until it is complete. */
export class TextStream {
  private readonly decoder = new TextDecoder("utf-8");

  /** The text that `bytes` complete; empty when they end inside a character. */
  push(bytes: Uint8Array): string {
    return this.decoder.decode(bytes, { stream: true });
  }
}

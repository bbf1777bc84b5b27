export interface LoadedDecoder {
  readonly form: 'bytes' | 'text' | 'json'
  /** Inputs that are right: bytes, texts or JSON values. */
  readonly corpus: readonly (string | Uint8Array)[]
  /** Takes an input; false, or an error that `refuses` knows, is a refusal. */
  decode(input: string | Uint8Array): unknown
  refuses(error: unknown): boolean
  /** The input of that number. */
  make(seed: number, index: number): string | Uint8Array
}

export function decoderNames(): Promise<string[]>
export function loadDecoder(name: string): Promise<LoadedDecoder>

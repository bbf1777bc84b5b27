/** Keeps the end of a stream of text, so that a chatty library cannot fill the parent's memory. */
export class TextTail {
  #text = ''

  constructor(private readonly limitChars: number) {}

  add(chunk: string): void {
    this.#text = (this.#text + chunk).slice(-this.limitChars)
  }

  /** The last lines, for an error message. */
  lines(count: number): string {
    return this.#text.trimEnd().split('\n').slice(-count).join('\n')
  }
}

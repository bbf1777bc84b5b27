import { readdirSync, readFileSync } from 'node:fs'

/** What a real lotus printed: the recording without its command line and exit code. */
export function recorded(name: string): string {
  const text = readFileSync(new URL(`../../test/vectors/lotus-cli/${name}.txt`, import.meta.url), 'utf8')
  return text
    .replace(/^\$ .*\n/, '')
    .replace(/\n?\[exit \d+\]\n$/, '\n')
    .replace(/\n\n$/, '\n')
    .replace(/^\n$/, '')
}

/** Every recording there is. */
export function recordings(): string[] {
  return readdirSync(new URL('../../test/vectors/lotus-cli/', import.meta.url)).map((file) =>
    file.replace(/\.txt$/, ''),
  )
}

/** The result of a recorded JSON-RPC exchange. */
export function recordedResult(name: string): unknown {
  const text = readFileSync(new URL(`../../test/vectors/lotus-rpc/${name}.json`, import.meta.url), 'utf8')
  return (JSON.parse(text) as { response: { result: unknown } }).response.result
}

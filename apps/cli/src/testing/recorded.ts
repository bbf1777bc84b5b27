import { readFileSync } from 'node:fs'

/** What a real lotus printed: the recording without its command line and exit code. */
export function recorded(name: string): string {
  const text = readFileSync(new URL(`../../test/vectors/lotus-cli/${name}.txt`, import.meta.url), 'utf8')
  return text
    .replace(/^\$ .*\n/, '')
    .replace(/\n?\[exit \d+\]\n$/, '\n')
    .replace(/\n\n$/, '\n')
}

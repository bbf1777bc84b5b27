import { readFileSync } from 'node:fs'

/** The plain text values of an app's settings file, by `section.key`: enough to find an address or a folder in it. */
export function tomlValues(file: string): Map<string, string> {
  let section = ''
  const values = new Map<string, string>()
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    section = /^\s*\[([\w.]+)\]/.exec(line)?.[1] ?? section
    const [, key, value] = /^\s*(\w+)\s*=\s*["'](.+?)["']\s*(?:#.*)?$/.exec(line) ?? []
    if (key !== undefined && value !== undefined) values.set(`${section}.${key}`, value)
  }
  return values
}

import type { Examined } from '../invariants/examine.js'
import { type Promised, promises } from '../invariants/violation.js'

/** One line a promise; below a broken one, each violation with its rows. */
export function invariantsText({ violations, read, unread }: Examined, settled: boolean): string {
  const wanted = (Object.keys(promises) as Promised[]).filter((name) => settled || name !== 'settled')
  const lines = wanted.flatMap((name) => {
    const broken = violations.filter(({ promise }) => promise === name)
    const head = `${broken.length === 0 ? 'ok  ' : 'FAIL'}  ${name.padEnd(7)}  ${promises[name]}`
    return [
      head,
      ...broken.flatMap(({ rule, text, rows }) => [
        `        → ${rule}: ${text}`,
        ...rows.map((row) => `          ${rowText(row)}`),
      ]),
    ]
  })
  const looked = Object.entries(read)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`)
  lines.push(`read: ${looked.join(', ') || 'nothing'}`)
  for (const what of unread) lines.push(`not read: ${what}`)
  lines.push(`${violations.length} violation${violations.length === 1 ? '' : 's'}`)
  return `${lines.join('\n')}\n`
}

/** A long value (params, proofs) tells a person nothing. Unit: characters. */
const mostCharacters = 400

export function rowText(row: object): string {
  const text = JSON.stringify(row, (_key, value: unknown) => {
    if (typeof value === 'bigint') return value.toString()
    return value instanceof Uint8Array ? `${value.length} bytes` : value
  })
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text
}

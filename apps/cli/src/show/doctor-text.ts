import type { Check } from '../doctor/check.js'

const marks: Readonly<Record<Check['status'], string>> = {
  ok: 'ok  ',
  warn: 'warn',
  fail: 'FAIL',
  skip: '-   ',
}

/** One line a check; what to do stands below what is wrong. */
export function doctorText(checks: readonly Check[]): string {
  const widest = Math.max(...checks.map((check) => check.name.length))
  const rows = checks.map((check) => {
    const line = `${marks[check.status]}  ${check.name.padEnd(widest)}  ${check.text}\n`
    return check.next === undefined || check.status === 'ok'
      ? line
      : `${line}${' '.repeat(widest + 8)}→ ${check.next}\n`
  })
  const bad = checks.filter((check) => check.status === 'fail').length
  const doubtful = checks.filter((check) => check.status === 'warn').length
  return `${rows.join('')}${bad} failed, ${doubtful} to look at\n`
}

import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { Secret } from './secret.js'

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A duration such as "250ms", "10s", "6h" or "1h30m"; the parsed value is in ms. Give the default as text. */
export function durationMs() {
  return z.string().transform((text, context) => {
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)]
    if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
      context.addIssue({ code: 'custom', message: `"${text}" is not a duration such as "10s" or "6h"` })
      return z.NEVER
    }
    return parts.reduce(
      (sum, [, amount, unit]) => sum + Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS],
      0,
    )
  })
}

/** A secret: the text itself, or `file:/path` to read it from (a systemd credential, for instance). Never printed. */
export function secret() {
  return z.string().transform((text, context) => {
    if (!text.startsWith('file:')) return new Secret(text)
    try {
      return new Secret(readFileSync(text.slice('file:'.length), 'utf8').trim())
    } catch (cause) {
      context.addIssue({
        code: 'custom',
        message: `secret file: ${cause instanceof Error ? cause.message : String(cause)}`,
      })
      return z.NEVER
    }
  })
}

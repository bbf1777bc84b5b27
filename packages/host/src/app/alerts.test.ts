import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createAlerts } from './alerts.js'

const dir = mkdtempSync(join(tmpdir(), 'sl-al-'))
afterAll(() => rmSync(dir, { recursive: true }))

describe('alerts', () => {
  it('run the command with the text as data, not too often for one thing', async () => {
    let nowMs = 0
    const file = join(dir, 'told')
    const evil = join(dir, 'evil')
    const alerts = createAlerts({
      command: `printf '%s: ' "$SEALANE_ALERT_TEXT" >> ${file}; cat >> ${file}`,
      now: () => nowMs,
    })
    alerts.raise('MISSED', 'f01', `$(touch ${evil}); "`)
    alerts.raise('MISSED', 'f01', 'again')
    await expect
      .poll(() => (existsSync(file) ? readFileSync(file, 'utf8') : ''), { timeout: 5_000 })
      .toContain('}\n')
    expect(readFileSync(file, 'utf8')).toBe(
      `$(touch ${evil}); ": ${JSON.stringify({ code: 'MISSED', subject: 'f01', text: `$(touch ${evil}); "` })}\n`,
    )
    expect(existsSync(evil)).toBe(false)
    nowMs = 600_000
    alerts.raise('MISSED', 'f01', 'later')
    await expect.poll(() => readFileSync(file, 'utf8'), { timeout: 5_000 }).toContain('later: ')
  })
})

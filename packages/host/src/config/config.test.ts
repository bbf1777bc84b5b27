import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { parse } from 'smol-toml'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { checkConfig, defaultConfigFile } from './config-file.js'
import { defineConfig } from './define-config.js'
import { durationMs, secret } from './fields.js'
import { loadConfig } from './load-config.js'

const definition = defineConfig(
  'sealer',
  z.object({
    queue: z
      .object({
        url: z.string().default('redis://127.0.0.1:6379').describe('Where the queues live.'),
        password: secret().optional().describe('Password, or file:/path.'),
      })
      .describe('The home queues.'),
    deals: z.object({
      wait_deals: durationMs().prefault('6h').describe('How long a sector waits for more deals.'),
      deal_concurrent: z
        .int()
        .min(0)
        .default(1)
        .describe('Deal sectors in flight.')
        .meta({ flag: 'deal-concurrent' }),
      enable_deal_sector: z.boolean().default(false).meta({ flag: 'enable_deal_sector' }),
      clients: z.array(z.string()).default([]).describe('Whom to serve.'),
    }),
  }),
)
const dir = mkdtempSync(join(tmpdir(), 'sl-c-'))
afterAll(() => rmSync(dir, { recursive: true }))
function file(text: string): string {
  const path = join(dir, `${Math.random()}.toml`)
  writeFileSync(path, text)
  return path
}
const load = (o: Parameters<typeof loadConfig>[1]) => loadConfig(definition, { env: {}, ...o })

describe('configuration', () => {
  it('takes flag before variable before file before default, and knows which', () => {
    const path = file('[queue]\nurl = "unix:/run/a"\n\n[deals]\nwait_deals = "2s"\nclients = ["a"]\n')
    const { values, sources } = load({
      file: path,
      env: {
        SEALANE_SEALER_DEALS_WAIT_DEALS: '1h30m',
        SEALANE_SEALER_DEALS_DEAL_CONCURRENT: '5',
        SEALANE_SEALER_DEALS_CLIENTS: 'x, y',
      },
      argv: ['--enable_deal_sector', '--deal_concurrent=7', 'rest'],
    })
    expect(values.queue.url).toBe('unix:/run/a')
    expect(values.deals).toEqual({
      wait_deals: 5_400_000,
      deal_concurrent: 7,
      enable_deal_sector: true,
      clients: ['x', 'y'],
    })
    expect(Object.fromEntries(sources)).toMatchObject({
      'queue.url': `${path}:2`,
      'deals.wait_deals': 'SEALANE_SEALER_DEALS_WAIT_DEALS',
      'deals.deal_concurrent': 'flag --deal-concurrent',
      'queue.password': 'default',
    })
  })
  it('needs nothing', () => {
    expect(load({ file: join(dir, 'none.toml') }).values.deals.wait_deals).toBe(21_600_000)
    expect(() => load({ argv: ['--config', join(dir, 'none.toml')] })).toThrow('none.toml')
  })
  it.each([
    ['[deals]\n\ndeal_concurent = 1\n', /:3: unknown key "deal_concurent", did you mean "deal_concurrent"\?/],
    ['[deal]\na = 1\n', /:1: unknown section "deal", did you mean "deals"\?/],
    ['[deals]\ndeal_concurrent = -1\n', /:2: deals\.deal_concurrent: /],
    ['[deals]\nwait_deals = "6 hours"\n', /:2: deals\.wait_deals: "6 hours" is not a duration/],
    ['[deals]\nwait_deals = "6h\n', /:2: /],
  ])('names the line of what is wrong: %j', (text, message) => {
    expect(() => load({ file: file(text) })).toThrow(message)
    expect(() => load({ file: file(text) })).toThrow(expect.objectContaining({ remedy: 'halt' }))
  })
  it('refuses misspelt variables and flags', () => {
    expect(() => load({ env: { SEALANE_SEALER_DEALS_WAIT: '1s' } })).toThrow('did you mean')
    expect(() => load({ argv: ['--enable_deal_sectors'] })).toThrow('did you mean "enable-deal-sector"')
    expect(() => load({ argv: ['--deal-concurrent', 'many'] })).toThrow(
      'flag --deal-concurrent: "many" is not a number',
    )
    expect(() => load({ env: { SEALANE_SEALER_DEALS_ENABLE_DEAL_SECTOR: 'ja' } })).toThrow(
      'neither true nor false',
    )
    expect(
      load({ argv: ['--no-enable-deal-sector'], env: { SEALANE_SEALER_DEALS_ENABLE_DEAL_SECTOR: '1' } })
        .values.deals.enable_deal_sector,
    ).toBe(false)
  })
  it('takes a list flag again and again, and a section as pairs', () => {
    expect(load({ argv: ['--deals-clients', '/a', '--deals_clients=/b,/c'] }).values.deals.clients).toEqual([
      '/a',
      '/b',
      '/c',
    ])
    expect(load({ argv: ['--deals', 'deal_concurrent=3,wait_deals=1s'] }).values.deals).toMatchObject({
      deal_concurrent: 3,
      wait_deals: 1_000,
    })
    expect(() => load({ argv: ['--deals', 'deal_concurent=3'] })).toThrow('did you mean')
  })
  it('prints a default file that is itself good, whole and nothing but comments', () => {
    const text = defaultConfigFile(definition)
    expect(load({ file: file(text) }).values).toEqual(load({}).values)
    const uncommented = text.replace(/^ {2}#(\w+ = .+)$/gm, '$1')
    expect(parse(uncommented)).toEqual({
      queue: { url: 'redis://127.0.0.1:6379' },
      deals: { wait_deals: '6h', deal_concurrent: 1, enable_deal_sector: false, clients: [] },
    })
    expect(text).toContain('# How long a sector waits for more deals.')
    expect(text).toContain('# env: SEALANE_SEALER_DEALS_DEAL_CONCURRENT   flag: --deal-concurrent')
  })
  it('checks a file in words', () => {
    const path = file('[deals]\ndeal_concurrent = 2\n')
    expect(checkConfig(definition, { env: {}, argv: ['--config', path] })).toBe(
      `${path}: good\ndeals.deal_concurrent from ${path}:2`,
    )
  })
  it('keeps secrets to itself', () => {
    const secretFile = file('hush\n')
    const { values } = load({ env: { SEALANE_SEALER_QUEUE_PASSWORD: `file:${secretFile}` } })
    expect(values.queue.password?.reveal()).toBe('hush')
    expect(
      [String(values.queue.password), JSON.stringify(values), inspect(values, { depth: 9 })].join(),
    ).not.toContain('hush')
  })
})

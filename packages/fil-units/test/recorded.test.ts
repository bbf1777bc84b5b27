import { type RecordedCase, recordedCases } from '@sealane/recordings'
import { describe, expect, it } from 'vitest'
import {
  attoFil,
  epoch,
  epochToUnixSeconds,
  formatBinaryBytes,
  formatDecimal,
  formatDecimalBytes,
  formatDuration,
  formatDurationInWords,
  formatEpochTime,
  formatFil,
  formatFilNano,
  formatFilShort,
  formatFilUnitless,
  formatNanoseconds,
  formatPercent,
  formatRfc822,
  formatRfc3339,
  formatSectorSize,
  formatSize,
  paddedSize,
  parseDecimalSize,
  parseFil,
  parseNanoseconds,
  parsePercent,
  parseSize,
  pricePerEpoch,
  totalPrice,
  UnitsError,
  unixSecondsToEpoch,
} from '../src/index.js'

type Case = RecordedCase & Record<string, string | number | boolean | null>

const text = (c: Case, name: string): string => String(c[name])
const big = (c: Case, name: string): bigint => BigInt(String(c[name]))
const num = (c: Case, name: string): number => Number(c[name])

/** What a parser makes of the case's input: its result as text, or the message of its UnitsError. */
function outcome(
  parse: (input: string) => unknown,
  c: Case,
): { ok: boolean; result?: string; error?: string } {
  try {
    return { ok: true, result: String(parse(text(c, 'input'))) }
  } catch (error) {
    if (!(error instanceof UnitsError)) throw error
    return { ok: false, error: error.message }
  }
}

function expectParsed(parse: (input: string) => unknown, c: Case, resultField: string): void {
  const expected = c.ok ? { ok: true, result: text(c, resultField) } : { ok: false, error: text(c, 'error') }
  expect(outcome(parse, c)).toEqual(expected)
}

/** Sizes beyond an int64 wrap to a negative number in the reference; here they are refused. */
function expectSize(parse: (input: string) => unknown, c: Case): void {
  if (c.ok && num(c, 'bytes') < 0) {
    expect(outcome(parse, c)).toMatchObject({ ok: false, error: expect.stringContaining('size too large') })
    return
  }
  expectParsed(parse, c, 'bytes')
}

const clockOf = (c: Case) => ({
  genesisTimeSeconds: num(c, 'genesis_time'),
  blockDelaySeconds: num(c, 'block_delay_secs'),
})

const kinds: Record<string, Record<string, (c: Case) => void>> = {
  'fil-units.json': {
    format: (c) => {
      const amount = attoFil(big(c, 'atto'))
      expect(formatFil(amount)).toBe(c.string)
      expect(formatFilUnitless(amount)).toBe(c.unitless)
      expect(formatFilShort(amount)).toBe(c.short)
      expect(formatFilNano(amount)).toBe(c.nano)
    },
    parse: (c) => expectParsed(parseFil, c, 'atto'),
    size: (c) => {
      expect(formatSize(big(c, 'bytes'))).toBe(c.size_str)
      expect(formatDecimal(big(c, 'bytes'))).toBe(c.deci_str)
    },
    sector_size_short: (c) => {
      expect(formatSectorSize(big(c, 'bytes'))).toBe(c.short)
      expect(big(c, 'bytes').toString()).toBe(c.string)
    },
    ram_in_bytes: (c) => expectSize(parseSize, c),
    from_human_size: (c) => expectSize(parseDecimalSize, c),
    bytes_size: (c) => {
      expect(formatBinaryBytes(big(c, 'bytes'))).toBe(c.bytes_size)
      expect(formatDecimalBytes(big(c, 'bytes'))).toBe(c.human_size)
    },
    price: (c) => {
      const ask = attoFil(big(c, 'ask_atto_per_gib_epoch'))
      expect(formatFil(ask)).toBe(c.ask_string)
      const perEpoch = pricePerEpoch(ask, paddedSize(big(c, 'padded_piece_size')))
      expect(perEpoch).toBe(big(c, 'min_price_per_epoch'))
      const total = totalPrice(perEpoch, num(c, 'duration_epochs'))
      expect(total).toBe(big(c, 'total_price'))
      expect(formatFil(total)).toBe(c.total_string)
    },
    percent: (c) => expect(formatPercent(num(c, 'value'))).toBe(c.string),
    percent_parse: (c) => expectParsed(parsePercent, c, 'value'),
  },
  'epochs.json': {
    network: (c) => expect(epochToUnixSeconds(clockOf(c), epoch(0))).toBe(c.genesis_time),
    epoch_to_time: (c) => {
      const unix = epochToUnixSeconds(clockOf(c), epoch(num(c, 'epoch')))
      expect(unix).toBe(c.unix)
      expect(formatRfc3339(unix)).toBe(c.rfc3339)
      expect(formatRfc822(unix)).toBe(c.rfc822)
    },
    time_to_epoch: (c) => expect(unixSecondsToEpoch(clockOf(c), num(c, 'unix'))).toBe(c.epoch_floor),
    epoch_time: (c) =>
      expect(
        formatEpochTime(epoch(num(c, 'current')), epoch(num(c, 'epoch')), num(c, 'block_delay_secs')),
      ).toBe(c.string),
    duration: (c) => {
      expect(formatDuration(num(c, 'seconds') * 1000)).toBe(c.go_duration)
      expect(formatDurationInWords(num(c, 'seconds') * 1000)).toBe(c.durafmt)
      expect(formatDurationInWords(num(c, 'seconds') * 1000, 2)).toBe(c.durafmt_first2)
    },
    duration_ms: (c) => {
      expect(formatDuration(num(c, 'milliseconds'))).toBe(c.go_duration)
      expect(formatDurationInWords(num(c, 'milliseconds'))).toBe(c.durafmt)
    },
    parse_duration: (c) => {
      expectParsed(parseNanoseconds, c, 'nanoseconds')
      if (c.ok) expect(formatNanoseconds(big(c, 'nanoseconds'))).toBe(c.string)
    },
  },
}

for (const [file, checks] of Object.entries(kinds)) {
  const recorded = recordedCases(import.meta.filename, file)
  describe.each(Object.entries(checks))(`${file}, as recorded: %s`, (kind, check) => {
    it.each(recorded<Case>(kind).map((c) => [JSON.stringify(c), c] as const))('%s', (_, c) => check(c))
  })
}

import { expect, it } from 'vitest'
import { parseJson } from '../rpc/json.js'
import { money, record } from './wire.js'

it.each(['[9007199254740992]', '{"x":9007199254740993}', '18446744073709551615', '{}'])(
  'names what a node sent in place of money: %s',
  (text) => {
    expect(() => record({ value: ['Value', money] }).read({ Value: parseJson(text) }, 'answer')).toThrow(
      expect.objectContaining({
        code: 'WIRE_MALFORMED',
        message: `answer.Value: expected a decimal string, got ${text}`,
      }),
    )
  },
)

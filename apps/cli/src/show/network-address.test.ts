import { expect, it } from 'vitest'
import { namesAddress, spelling } from './network-address.js'

const t = spelling('t')

it('spells addresses as the network does, wherever they stand', () => {
  expect(t('miner f01004, worker f1rmxnsomjokry7fpvwy6zurysosh37mowl5t5iva')).toBe(
    'miner t01004, worker t1rmxnsomjokry7fpvwy6zurysosh37mowl5t5iva',
  )
  expect(t('{"to":"f05"}')).toBe('{"to":"t05"}')
  expect(t('cannot reach the provider of f01004: f01004')).toBe('cannot reach the provider of t01004: t01004')
})

it.each([
  'f0123456-8a3f-4e2c-9a55-5f9a3f0f3b11',
  '11111111-8a3f-4e2c-9a55-f01234567890',
  'bafy2bzacedf01004',
  '/tmp/f01004/file',
  'f1ne',
  'f0',
])('leaves %s alone', (text) => {
  expect(t(text)).toBe(text)
  expect(namesAddress(text)).toBe(false)
})

it('leaves mainnet’s spelling', () => {
  expect(spelling('f')('f01004')).toBe('f01004')
  expect(namesAddress('f01004')).toBe(true)
})

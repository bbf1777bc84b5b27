const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** A libp2p peer id as text (base58btc of its bytes), or null for none: how lotus prints a miner's. */
export function peerIdText(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return undefined
  let number = BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
  let text = ''
  while (number > 0n) {
    text = `${alphabet[Number(number % 58n)] ?? ''}${text}`
    number /= 58n
  }
  const zeros = bytes.findIndex((byte) => byte !== 0)
  return '1'.repeat(zeros < 0 ? bytes.length : zeros) + text
}

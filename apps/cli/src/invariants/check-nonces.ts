import { decodeSignedMessage, type Message, type SignedMessage, signedMessageCid } from '@sealane/actors'
import type { Facts, MinerFacts, SigningFact } from './facts.js'
import type { Report } from './violation.js'

/** P2. The journal of signatures, against itself and against the chain. */
export function checkNonces({ miner, chain }: Facts, report: Report): void {
  if (miner === undefined) return
  for (const [key, signings] of byNonce(miner)) checkOneNonce(key, signings, report)
  checkGaps(miner, report)
  if (chain === undefined) return
  for (const [sender, nonce] of chain.nonces) {
    const used = miner.signings.filter((one) => one.from_address === sender).map((one) => one.nonce)
    const first = used.length === 0 ? nonce : Math.min(...used)
    for (let at = first; at < nonce; at += 1) {
      if (!used.includes(at))
        report('signed elsewhere', `nonce ${at} of ${sender} is used on chain, and was not signed here`, {
          sender,
          nonce: at,
        })
    }
  }
  for (const [key, landing] of chain.landings) {
    const signings = byNonce(miner).get(key) ?? []
    if (!signings.some((one) => one.cid === landing.message))
      report(
        'signed elsewhere',
        `${landing.message} took ${key} on chain, and was not signed here`,
        landing,
        ...shown(signings),
      )
  }
  for (const message of miner.messages) {
    if (message.state !== 'Confirmed' && message.state !== 'Failed') continue
    const landing = chain.landings.get(`${message.from_address} ${message.nonce}`)
    const { uuid, cid, nonce, state, exit_code } = message
    if (landing === undefined)
      report('not on chain', `message ${cid} is ${state} and not on chain`, { uuid, cid, nonce, state })
    else if (landing.message !== cid || landing.exitCode !== exit_code)
      report(
        'other receipt',
        `message ${cid} ended otherwise on chain`,
        { uuid, cid, nonce, exit_code },
        landing,
      )
  }
}

export function byNonce(miner: MinerFacts): Map<string, SigningFact[]> {
  const found = new Map<string, SigningFact[]>()
  for (const signing of miner.signings) {
    const key = `${signing.from_address} ${signing.nonce}`
    found.set(key, [...(found.get(key) ?? []), signing])
  }
  return found
}

function checkOneNonce(key: string, signings: readonly SigningFact[], report: Report): void {
  const originals = signings.filter((one) => one.replaces === null)
  if (originals.length !== 1)
    report('signed twice', `${key} has ${originals.length} signings that replace nothing`, ...shown(signings))
  const known = new Map(signings.map((one) => [one.cid, one]))
  for (const signing of signings) {
    const signed = decoded(signing)
    if (signed === undefined) {
      report('journal spoiled', `the bytes signed for ${key} cannot be read`, ...shown([signing]))
      continue
    }
    const { message } = signed
    if (
      signedMessageCid(signed) !== signing.cid ||
      message.nonce !== signing.nonce ||
      message.from !== signing.from_address
    )
      report('journal spoiled', `the bytes signed for ${key} are not what the row says`, ...shown([signing]))
    if (signing.replaces === null) continue
    const replaced = known.get(signing.replaces)
    const before = replaced === undefined ? undefined : decoded(replaced)
    if (replaced === undefined)
      report('signed twice', `${signing.cid} replaces a signing of another nonce`, ...shown(signings))
    else if (before !== undefined && !sameButGas(before.message, message))
      report('signed twice', `${key} was replaced by another content`, ...shown([replaced, signing]))
  }
}

/** A replacement pays more, and changes nothing else. */
function sameButGas(a: Message, b: Message): boolean {
  return (
    a.to === b.to &&
    a.from === b.from &&
    a.value === b.value &&
    a.method === b.method &&
    Buffer.compare(a.params, b.params) === 0
  )
}

/** Nonces below the next one are all signed: a gap stops the sender for ever. */
function checkGaps(miner: MinerFacts, report: Report): void {
  for (const { address, next_nonce } of miner.senders) {
    const used = new Set(miner.signings.filter((one) => one.from_address === address).map((one) => one.nonce))
    if (used.size === 0) continue
    for (let nonce = Math.min(...used); nonce < next_nonce; nonce += 1) {
      if (!used.has(nonce))
        report('nonce gap', `nonce ${nonce} of ${address} was passed over`, { address, nonce, next_nonce })
    }
    if (Math.max(...used) >= next_nonce)
      report('nonce given twice', `${address} would sign nonce ${next_nonce} again`, {
        address,
        next_nonce,
        signed: [...used],
      })
  }
}

function decoded(signing: SigningFact): SignedMessage | undefined {
  try {
    return decodeSignedMessage(signing.signed)
  } catch {
    return undefined
  }
}

function shown(signings: readonly SigningFact[]): object[] {
  return signings.map(({ signed, ...row }) => ({ ...row, signedBytes: signed.length }))
}

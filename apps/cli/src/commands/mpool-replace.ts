import { parseAddress, parseCid } from '@sealane/actors'
import type { Command } from 'commander'
import { lines } from '../frame/answer.js'
import { answers } from '../frame/answers.js'
import { amount, natural, optionalNatural, usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'

interface Options {
  auto?: boolean
  feeLimit?: string
  gasPremium?: string
  gasFeecap?: string
  gasLimit?: string
}

/** `mpool replace`: asked of the miner app, which is the only writer of its nonces. */
export function replace(session: Session): Command {
  return answers<Options>(
    session,
    {
      usage: 'replace <messageCid> [nonce]',
      about: 'Replace a message in the mempool by one that pays more, with the same nonce.',
      examples: [
        'mpool replace --auto bafy2bzacedsl5bz2wx3v2isprsjivehgmeqo4tpp2jupo55jutw66pcplbing',
        'mpool replace --auto --fee-limit 0.01 t3r55bj7ng334apf3iy4ytrwwmeovrongerccqlxyjpgdlgoau4y7kckcruvozywxt35vvp2d72gdmtu42nu3a 52',
        'mpool replace --gas-premium 220001 --gas-feecap 500000 bafy2bzacedsl5bz2wx3v2isprsjivehgmeqo4tpp2jupo55jutw66pcplbing',
      ],
      notes:
        'The message is named by its CID, or by its sender and its nonce; it must be one of the miner app’s own, and the lowest one that waits.\n--auto raises the premium to 1.25 times the old one + 1, or to what the node estimates. Pools take 1.1 times + 1 at least. No replacement\ncosts more than its class’s cap in the configuration (policy.…_fee). Stuck messages are replaced by themselves after 10 epochs.',
    },
    async (o, [first = '', nonce]) => {
      const which = named(first, nonce)
      const fees = feesOf(o)
      const row = await (await session.miner())['messages.replace']({ ...which, ...fees })
      return { json: row, text: lines(`new message cid:  ${row.cid ?? ''}`) }
    },
    (command) =>
      command
        .option('--auto', 'choose the fees')
        .option('--fee-limit <FIL>', 'with --auto: the new fee at most, gas limit × fee cap')
        .option('--gas-premium <ATTOFIL>', 'what the block producer gets for a gas unit')
        .option('--gas-feecap <ATTOFIL>', 'what a gas unit may cost in all')
        .option('--gas-limit <GAS>', 'not below the pooled message’s'),
  )
}

function named(first: string, nonce: string | undefined): { id: string } | { from: string; nonce: number } {
  if (nonce !== undefined) {
    try {
      return { from: parseAddress(first), nonce: natural('nonce', nonce) }
    } catch (error) {
      if ((error as { code?: unknown }).code === 'USAGE') throw error
      throw usage(`"${first}" is no address: the sender comes before its nonce`)
    }
  }
  try {
    return { id: parseCid(first) }
  } catch {
    throw usage(`"${first}" is no message CID: name the message by its CID, or by sender and nonce`)
  }
}

function feesOf(o: Options) {
  if (o.auto === true) {
    if (o.gasPremium !== undefined || o.gasFeecap !== undefined || o.gasLimit !== undefined)
      throw usage('--auto chooses the fees: leave --gas-… away, or --auto')
    return {
      auto: true,
      ...(o.feeLimit === undefined ? {} : { feeLimit: String(amount('fee-limit', o.feeLimit)) }),
    }
  }
  if (o.gasPremium === undefined || o.gasFeecap === undefined)
    throw usage('say --auto, or both --gas-premium and --gas-feecap')
  if (o.feeLimit !== undefined) throw usage('--fee-limit goes with --auto')
  const gasLimit = optionalNatural('--gas-limit', o.gasLimit)
  return {
    auto: false,
    gasPremium: atto('--gas-premium', o.gasPremium),
    gasFeeCap: atto('--gas-feecap', o.gasFeecap),
    ...(gasLimit === undefined ? {} : { gasLimit }),
  }
}

/** attoFIL per gas unit, which lotus takes as a bare number. */
function atto(name: string, text: string): string {
  if (!/^\d{1,30}$/.test(text))
    throw usage(`${name} is a whole number of attoFIL per gas unit, not "${text}"`)
  return text
}

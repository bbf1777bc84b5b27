import type { SignedMessage } from '@sealane/actors'

/** One sender's pooled messages, against its nonce on chain and the base fee. Counts of messages. */
export interface SenderStat {
  readonly address: string
  /** Nonces that the chain has used already. */
  readonly past: number
  /** Nonces that follow without a gap. */
  readonly cur: number
  /** Nonces above a gap. */
  readonly future: number
  /** Fee cap below the base fee of the head. */
  readonly belowCurrent: number
  /** Fee cap below the lowest base fee of the epochs looked back. */
  readonly belowLowest: number
  readonly gasLimit: bigint
}

/** Counts as lotus does; `nonce` is the sender's next one on chain. Source: filecoin-project/lotus cli/mpool.go (stat). */
export function senderStat(
  address: string,
  messages: readonly SignedMessage[],
  o: { nonce: number; baseFee: bigint; lowestBaseFee: bigint },
): SenderStat {
  const nonces = new Set(messages.map(({ message }) => message.nonce))
  let next = o.nonce
  while (nonces.has(next)) next += 1
  const count = (holds: (message: SignedMessage['message']) => boolean) =>
    messages.filter(({ message }) => holds(message)).length
  return {
    address,
    past: count(({ nonce }) => nonce < o.nonce),
    cur: count(({ nonce }) => nonce >= o.nonce && nonce <= next),
    future: count(({ nonce }) => nonce > next),
    belowCurrent: count(({ gasFeeCap }) => gasFeeCap < o.baseFee),
    belowLowest: count(({ gasFeeCap }) => gasFeeCap < o.lowestBaseFee),
    gasLimit: messages.reduce((sum, { message }) => sum + BigInt(message.gasLimit), 0n),
  }
}

/** `mpool stat`. Source: filecoin-project/lotus cli/mpool.go, as recorded. */
export function mpoolStatText(stats: readonly SenderStat[], lookback: number): string {
  const sorted = [...stats].sort((a, b) => (a.address < b.address ? -1 : 1))
  const sum = (pick: (stat: SenderStat) => number) => sorted.reduce((total, stat) => total + pick(stat), 0)
  const total: SenderStat = {
    address: 'total',
    past: sum((stat) => stat.past),
    cur: sum((stat) => stat.cur),
    future: sum((stat) => stat.future),
    belowCurrent: sum((stat) => stat.belowCurrent),
    belowLowest: sum((stat) => stat.belowLowest),
    gasLimit: sorted.reduce((all, stat) => all + stat.gasLimit, 0n),
  }
  return [...sorted.map((stat) => statLine(stat, lookback)), '-----\n', statLine(total, lookback)].join('')
}

function statLine(stat: SenderStat, lookback: number): string {
  return `${stat.address}: Nonce past: ${stat.past}, cur: ${stat.cur}, future: ${stat.future}; FeeCap cur: ${stat.belowCurrent}, min-${lookback}: ${stat.belowLowest}, gasLimit: ${stat.gasLimit}\n`
}

/** Gas of one block. Source: filecoin-project/lotus build/buildconstants/params.go (BlockGasLimit). */
const blockGasLimit = 10_000_000_000n

/** What a message pays a block producer, in attoFIL, and how that compares per gas. Source: filecoin-project/lotus cli/mpool.go (gas-perf). */
export function gasPerf(
  { message }: SignedMessage,
  baseFee: bigint,
): { readonly reward: bigint; readonly perf: number } {
  let premium = message.gasFeeCap - baseFee
  if (premium > message.gasPremium) premium = message.gasPremium
  const reward = premium * BigInt(message.gasLimit)
  return { reward, perf: Number(reward * blockGasLimit) / message.gasLimit }
}

/** `mpool gas-perf`: sender, nonce, reward, performance. */
export function gasPerfText(
  rows: readonly { from: string; nonce: number; reward: bigint; perf: number }[],
): string {
  return rows.map((row) => `${row.from}\t${row.nonce}\t${row.reward}\t${row.perf.toFixed(6)}\n`).join('')
}

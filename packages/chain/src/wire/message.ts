import { type Message, messageCid, type SignedMessage, signedMessageCid } from '@sealane/actors'
import type { Signature } from '@sealane/crypto'
import {
  address,
  base64,
  cid,
  converted,
  decimal,
  height,
  list,
  money,
  optional,
  type Read,
  record,
  text,
  tipSetKey,
  type Wire,
  whole,
  wholeBig,
} from './wire.js'
import { WireError } from './wire-error.js'

const messageFields = {
  version: ['Version', whole],
  to: ['To', address],
  from: ['From', address],
  nonce: ['Nonce', whole],
  value: ['Value', money],
  gasLimit: ['GasLimit', whole],
  gasFeeCap: ['GasFeeCap', money],
  gasPremium: ['GasPremium', money],
  method: ['Method', whole],
  params: ['Params', base64],
} as const

const bareMessage = record(messageFields)

/** A message. Lotus prints its own CID beside it, which is derived and ignored on input. */
export const message: Wire<Message> = {
  read(json, at) {
    const { version, ...rest } = bareMessage.read(json, at)
    if (version !== 0) throw new WireError(`${at}.Version`, `unknown message version ${version}`)
    return { version, ...rest }
  },
  write(value, prefix) {
    const json = bareMessage.write(value, prefix) as { [key: string]: never }
    return { ...json, CID: cid.write(messageCid(value), prefix) }
  },
}

export const signature: Wire<Signature> = converted(
  record({ type: ['Type', whole], data: ['Data', base64] }),
  ({ type, data }) => {
    if (type !== 1 && type !== 2 && type !== 3) throw new Error(`unknown signature type ${type}`)
    return { type, data }
  },
  (value) => value,
)

const bareSignedMessage = record({ message: ['Message', message], signature: ['Signature', signature] })

export const signedMessage: Wire<SignedMessage> = {
  read: (json, at) => bareSignedMessage.read(json, at),
  write(value, prefix) {
    const json = bareSignedMessage.write(value, prefix) as { [key: string]: never }
    return { ...json, CID: cid.write(signedMessageCid(value), prefix) }
  },
}

export type MessageReceipt = Read<typeof receipt>
/** What a message's execution left: read one tipset after the one that carried it. */
export const receipt = record({
  exitCode: ['ExitCode', whole],
  return: ['Return', base64],
  gasUsed: ['GasUsed', whole],
  eventsRoot: ['EventsRoot', optional(cid)],
})

export type MessageLookup = Read<typeof messageLookup>
/**
 * Where a message landed. `message` is the one that was executed (a replacement, perhaps); `tipSet` and `height` are
 * those of the tipset that executed it, the child of the one that carries it.
 */
export const messageLookup = record({
  message: ['Message', cid],
  receipt: ['Receipt', receipt],
  tipSet: ['TipSet', tipSetKey],
  height: ['Height', height],
})

export type ParentMessage = Read<typeof parentMessage>
export const parentMessage = record({ cid: ['Cid', cid], message: ['Message', message] })

export type BlockMessages = Read<typeof blockMessages>
export const blockMessages = record({
  bls: ['BlsMessages', list(message)],
  secp: ['SecpkMessages', list(signedMessage)],
  cids: ['Cids', list(cid)],
})

/** What a message cost, in attoFIL except `gasUsed`. */
export type GasCost = Read<typeof gasCost>
export const gasCost = record({
  message: ['Message', optional(cid)],
  gasUsed: ['GasUsed', decimal],
  baseFeeBurn: ['BaseFeeBurn', money],
  overEstimationBurn: ['OverEstimationBurn', money],
  minerPenalty: ['MinerPenalty', money],
  minerTip: ['MinerTip', money],
  refund: ['Refund', money],
  totalCost: ['TotalCost', money],
})

/** A simulated or replayed execution. */
export type InvocationResult = Read<typeof invocationResult>
export const invocationResult = record({
  messageCid: ['MsgCid', cid],
  receipt: ['MsgRct', receipt],
  gasCost: ['GasCost', gasCost],
  error: ['Error', text],
  durationNanoseconds: ['Duration', wholeBig],
})

export const mempoolConfig = record({
  priorityAddresses: ['PriorityAddrs', list(address, 'null')],
  sizeLimitHigh: ['SizeLimitHigh', whole],
  sizeLimitLow: ['SizeLimitLow', whole],
  replaceByFeeRatio: ['ReplaceByFeeRatio', fraction()],
  pruneCooldownNanoseconds: ['PruneCooldown', wholeBig],
  gasLimitOverestimation: ['GasLimitOverestimation', fraction()],
})

function fraction(): Wire<number> {
  return {
    read(json, at) {
      if (typeof json !== 'number') throw new WireError(at, 'expected a number')
      return json
    },
    write: (value) => value,
  }
}

/** What a gas estimate may cost, and how a node tells a repeated push from a new one. */
export interface SendSpec {
  readonly maxFee?: bigint
  readonly uuid?: string
  readonly maximizeFeeCap?: boolean
}

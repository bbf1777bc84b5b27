import {
  type Address,
  type Cid,
  dagCborCid,
  type Message,
  type SignedMessage,
  signedMessageCid,
  uint,
} from '@sealane/actors'
import { ChainError, ChainPort, type HeadStep, type TipSet } from '@sealane/chain'
import { attoFil, epoch } from '@sealane/fil-units'

interface Block {
  readonly tipSet: TipSet
  readonly messages: readonly SignedMessage[]
}

/**
 * A chain of transfers for messager tests: one block an epoch, nonces in order, receipts one tipset later, reorgs on command.
 * What it does not do (`call`, actors, gas) is answered plainly or refused; whole lives are tested on the devnet.
 */
export class ScriptedChain {
  readonly pool = new Map<string, SignedMessage>()
  /** Everything that was ever pushed, in order. */
  readonly pushed: SignedMessage[] = []
  readonly balances = new Map<Address, bigint>()
  readonly exitCodes = new Map<string, number>()
  /** Thrown by the next push instead of taking it. */
  failPushes: ChainError[] = []
  /** Thrown by every search while it is set. */
  failSearches: ChainError | undefined
  /** Thrown by the next estimates. */
  failEstimates: ChainError[] = []
  /** Called before a push takes effect. */
  beforePush: (signed: SignedMessage) => void = () => {}
  /** Why the node shows its pool to nobody. */
  hidesPool: ChainError | undefined
  baseFee = 100n
  premium = 100_000n
  /** Nonces of senders that the chain starts with. */
  readonly startNonces = new Map<Address, number>()
  /** What a lying node's pool answers in place of the truth. */
  readonly liedNonces = new Map<Address, number>()
  #salt = 0
  #blocks: Block[] = []

  constructor() {
    this.#blocks.push(this.#block(0, []))
  }

  get head(): TipSet {
    return this.#last().tipSet
  }

  /** Makes `count` epochs; pooled messages in nonce order land in the first of them. */
  advance(count = 1, o: { empty?: boolean } = {}): HeadStep {
    const applies: TipSet[] = []
    for (let at = 0; at < count; at++) {
      const messages = o.empty === true ? [] : this.#select()
      const block = this.#block(this.head.height + 1, messages)
      this.#blocks.push(block)
      applies.push(block.tipSet)
    }
    return { reverts: [], applies, head: this.head, first: false }
  }

  /** Drops `depth` tipsets, their messages return to the pool, and makes `depth + 1` empty ones. */
  reorg(depth: number): HeadStep {
    const reverts: TipSet[] = []
    for (let at = 0; at < depth; at++) {
      const block = this.#blocks.pop()
      if (block === undefined) break
      reverts.push(block.tipSet)
      for (const signed of block.messages) this.pool.set(key(signed), signed)
    }
    const { applies } = this.advance(depth + 1, { empty: true })
    return { reverts, applies, head: this.head, first: false }
  }

  /** A message of somebody else, straight into the pool. */
  inject(signed: SignedMessage): void {
    this.pool.set(key(signed), signed)
  }

  port(): ChainPort {
    const methods: Partial<ChainPort> = {
      head: async () => this.head,
      tipSet: async (wanted) => {
        const block = this.#blocks.find(({ tipSet }) => tipSet.key.join() === wanted.join())
        if (block === undefined) throw new ChainError('NOT_FOUND', { text: 'block not found' })
        return block.tipSet
      },
      parentMessages: async (block) =>
        this.#parent(block).messages.map((signed) => ({
          cid: signedMessageCid(signed),
          message: signed.message,
        })),
      parentReceipts: async (block) =>
        this.#parent(block).messages.map((signed) => ({
          exitCode: this.exitCodes.get(signedMessageCid(signed)) ?? 0,
          return: new Uint8Array(),
          gasUsed: 1000,
        })) as never,
      getActor: async (address) => {
        const balance = this.balances.get(address)
        if (balance === undefined) return undefined
        return {
          nonce: this.#chainNonce(address),
          balance: attoFil(balance),
          code: '' as Cid,
          head: '' as Cid,
        } as never
      },
      mpoolNonce: async (address) => {
        const lied = this.liedNonces.get(address)
        if (lied !== undefined) return lied
        // As lotus' pool has it: the head's own messages count (GetActorAfter), and what lies above a gap does not (msgSet.add).
        let next = this.#nonceAfterHead(address)
        while (this.pool.has(`${address}/${next}`)) next += 1
        return next
      },
      mpoolPending: async () => {
        if (this.hidesPool !== undefined) throw this.hidesPool
        return [...this.pool.values()]
      },
      mpoolPush: async (signed) => {
        this.beforePush(signed)
        const failure = this.failPushes.shift()
        if (failure !== undefined) throw failure
        this.pushed.push(signed)
        const { from, nonce } = signed.message
        if (nonce < this.#chainNonce(from))
          throw new ChainError('NONCE_TOO_LOW', { text: 'message nonce too low' })
        const rival = this.pool.get(key(signed))
        if (rival !== undefined && signedMessageCid(rival) !== signedMessageCid(signed)) {
          const least = (rival.message.gasPremium * 110n) / 100n + 1n
          if (signed.message.gasPremium < least)
            throw new ChainError('REPLACE_UNDERPRICED', { text: 'replace by fee has too low GasPremium' })
        }
        this.pool.set(key(signed), signed)
        return signedMessageCid(signed)
      },
      estimateGas: async (message: Message) => {
        const failure = this.failEstimates.shift()
        if (failure !== undefined) throw failure
        return {
          ...message,
          gasLimit: 1_000_000,
          gasFeeCap: attoFil(this.baseFee * 10n + this.premium),
          gasPremium: attoFil(this.premium),
        }
      },
      estimateFeeCap: async (message) => attoFil(this.baseFee * 10n + message.gasPremium),
      estimateGasPremium: async () => attoFil(this.premium),
      tipSetByHeight: async (height) => {
        const block = this.#blocks.findLast(({ tipSet }) => tipSet.height <= height)
        if (block === undefined) throw new ChainError('NOT_FOUND', { text: 'block not found' })
        return block.tipSet
      },
      searchMessage: async (cid, { at } = {}) => {
        if (this.failSearches !== undefined) throw this.failSearches
        const found = this.#find(cid, at)
        if (found === undefined) return undefined
        const { signed, child } = found
        const receipt = { exitCode: 0, return: new Uint8Array(), gasUsed: 1000 }
        return {
          message: signedMessageCid(signed),
          receipt,
          tipSet: child.tipSet.key,
          height: child.tipSet.height,
        } as never
      },
      getMessage: async (cid) => {
        const signed = this.#blocks
          .flatMap(({ messages }) => messages)
          .find((one) => signedMessageCid(one) === cid)
        if (signed === undefined) throw new ChainError('NOT_FOUND', { text: 'could not find' })
        return signed.message
      },
    }
    return new Proxy(methods as ChainPort, {
      get: (target, name) => {
        const method = target[name as keyof ChainPort]
        if (method !== undefined || name === 'then') return method
        throw new Error(`the scripted chain does not know ${String(name)}`)
      },
    })
  }

  #last(): Block {
    const block = this.#blocks.at(-1)
    if (block === undefined) throw new Error('no blocks')
    return block
  }

  #parent(block: Cid): Block {
    const at = this.#blocks.findIndex(({ tipSet }) => tipSet.key[0] === block)
    const parent = this.#blocks[at - 1]
    if (at < 0) throw new ChainError('NOT_FOUND', { text: 'block not found' })
    return parent ?? { tipSet: this.head, messages: [] }
  }

  /**
   * The executed message at the same sender and nonce as `cid`'s that does the same, as lotus' allowReplaced finds it from a tipset.
   * Another one there is an error, in lotus' words.
   */
  #find(cid: Cid, at: TipSet['key'] = this.head.key): { signed: SignedMessage; child: Block } | undefined {
    const asked = [...this.pushed].find((signed) => signedMessageCid(signed) === cid)
    if (asked === undefined) return undefined
    const last = this.#blocks.findIndex(({ tipSet }) => tipSet.key.join() === at.join())
    for (const [height, block] of this.#blocks.slice(0, last).entries()) {
      const child = this.#blocks[height + 1]
      const signed = block.messages.find((one) => key(one) === key(asked))
      if (child === undefined || signed === undefined) continue
      if (Buffer.compare(signed.message.params, asked.message.params) === 0) return { signed, child }
      const text =
        'found message with equal nonce as the one we are looking for that is NOT a valid replacement'
      throw new ChainError('RPC', {
        text: `${text} message (F:${cid} n ${asked.message.nonce}, TS: ${signedMessageCid(signed)} n${asked.message.nonce})`,
      })
    }
    return undefined
  }

  /** As a node at its head sees it: the effects of the head's own messages are not there yet. */
  #chainNonce(address: Address): number {
    const executed = this.#blocks.slice(0, -1).flatMap(({ messages }) => messages)
    return (
      executed.filter(({ message }) => message.from === address).length + (this.startNonces.get(address) ?? 0)
    )
  }

  #nonceAfterHead(address: Address): number {
    return (
      this.#chainNonce(address) +
      this.#last().messages.filter(({ message }) => message.from === address).length
    )
  }

  #select(): SignedMessage[] {
    const chosen: SignedMessage[] = []
    const next = new Map<Address, number>()
    const all = this.#blocks.flatMap(({ messages }) => messages)
    for (const signed of [...this.pool.values()].sort((a, b) => a.message.nonce - b.message.nonce)) {
      const { from, nonce, gasFeeCap } = signed.message
      const used =
        all.filter(({ message }) => message.from === from).length + (this.startNonces.get(from) ?? 0)
      const expected = next.get(from) ?? used
      if (nonce !== expected || gasFeeCap < this.baseFee) continue
      chosen.push(signed)
      next.set(from, nonce + 1)
      this.pool.delete(key(signed))
    }
    return chosen
  }

  #block(height: number, messages: readonly SignedMessage[]): Block {
    this.#salt += 1
    const parents = this.#blocks.at(-1)?.tipSet.key ?? []
    const header = { parents, height: epoch(height), parentBaseFee: attoFil(this.baseFee), timestamp: height }
    const tipSet = {
      key: [dagCborCid(uint.encode(this.#salt))],
      height: epoch(height),
      timestamp: height,
      blocks: [header],
    }
    return { tipSet: tipSet as unknown as TipSet, messages }
  }
}

function key({ message }: SignedMessage): string {
  return `${message.from}/${message.nonce}`
}

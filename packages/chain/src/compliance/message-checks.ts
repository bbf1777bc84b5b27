import { type Message, type SignedMessage, signedMessageCid } from '@sealane/actors'
import { attoFil } from '@sealane/fil-units'
import { ChainError } from '../chain-error.js'
import type { Json } from '../rpc/json.js'
import { messageLookup, signedMessage } from '../wire/message.js'
import type { ComplianceCheck, ComplianceContext } from './compliance-check.js'
import { holds, matches, refuses, Skipped, same } from './expect.js'
import type { RawSocket } from './raw-socket.js'
import type { Spender } from './spender.js'

type Draft = Omit<Message, 'from' | 'to'>

/** Fees are capped at this much per message when gas is estimated: 0.01 FIL. Unit: attoFIL. */
const maxFee = attoFil(10n ** 16n)

/** More than a block's gas. Source: filecoin-project/lotus build/buildconstants (BlockGasLimit). */
const tooMuchGas = 10_000_000_001

/** What one check leaves for those after it: they are one story, told in order. */
interface Story {
  base?: Draft
  /** Pooled after a gap: the message whose nonce is the next but one. */
  gapped?: SignedMessage
  replaced?: SignedMessage
  updates?: { readonly line: RawSocket; readonly channel: Json }
}

/**
 * How a pool and a chain treat messages. They write: a few messages from the key to itself, within what it may spend.
 * Source: exchanges recorded from lotus v1.36.
 */
export function messageChecks(): readonly ComplianceCheck[] {
  const story: Story = {}
  const needs = <T>(value: T | undefined, what: string): T => {
    if (value === undefined) throw new Skipped(`${what}: an earlier check did not come that far`)
    return value
  }

  const checks: readonly ComplianceCheck[] = [
    {
      name: 'messages: gas is estimated, and the next nonce is that of the actor',
      async run({ chain, spender }) {
        const key = spending(spender)
        const actor = await chain.getActor(key.address)
        if (actor === undefined) throw new Skipped(`${key.address} is not on chain: send it some FIL first`)
        const nonce = await chain.mpoolNonce(key.address)
        if (nonce !== actor.nonce)
          throw new Skipped(`${key.address} has messages pooled: wait until they have landed`)
        const empty = { ...draft, nonce: 0, from: key.address, to: key.address }
        const estimated = await chain.estimateGas(empty, { maxFee })
        holds(estimated.gasLimit > 0 && estimated.gasFeeCap >= estimated.gasPremium, 'a gas limit and fees')
        // Room for replacements: the cap stays while premiums rise.
        const gasFeeCap = attoFil(estimated.gasFeeCap + 2n * estimated.gasPremium)
        story.base = { ...draft, ...fees(estimated), gasFeeCap, nonce }
        if (actor.balance < 4n * gasFeeCap * BigInt(estimated.gasLimit))
          throw new Skipped(`${key.address} has too little to pay for four messages`)
      },
    },
    {
      name: "messages: what cannot be right is refused, in lotus' words",
      async run(context) {
        const base = needs(story.base, 'no message')
        const key = spending(context.spender)
        const balance = (await context.chain.getActor(key.address))?.balance ?? attoFil(0n)
        const beyond = attoFil(balance / BigInt(base.gasLimit) + 1n)
        const wrong: readonly (readonly [change: Partial<Draft>, text: RegExp])[] = [
          [{ gasFeeCap: attoFil(99n), gasPremium: attoFil(99n) }, /^gas fee cap too low$/],
          [{ gasLimit: 0 }, /'GasLimit' field 0 must be positive/],
          [
            { gasLimit: 1000 },
            /'GasLimit' field cannot be less than the cost of storing a message on chain 1000 < \d+/,
          ],
          [{ gasLimit: tooMuchGas }, /'GasLimit' field cannot be greater than a block's gas limit/],
          [{ gasPremium: attoFil(base.gasFeeCap + 1n) }, /'GasFeeCap' less than 'GasPremium'/],
          [
            { gasFeeCap: beyond },
            /not enough funds \(required: .* FIL, balance: .* FIL\): not enough funds to execute transaction/,
          ],
          ...(base.nonce === 0
            ? []
            : [
                [
                  { nonce: base.nonce - 1 },
                  new RegExp(
                    `^minimum expected nonce is ${base.nonce}, got ${base.nonce - 1}: message nonce too low$`,
                  ),
                ] as const,
              ]),
        ]
        for (const [change, text] of wrong) {
          const { text: told } = await refuses(() =>
            push(context, key.signUnlandable({ ...base, ...change })),
          )
          matches(told, text, `refusal of ${Object.keys(change).join()}`)
        }
        const other = key.signUnlandable({ ...base, value: attoFil(1n) })
        const forged = { ...other, message: { ...other.message, value: attoFil(2n) } }
        matches(
          (await refuses(() => push(context, forged))).text,
          /^signature verification failed: /,
          'forged',
        )
      },
    },
    {
      name: 'messages: a nonce after a gap is taken, and waits without being counted',
      async run(context) {
        const base = needs(story.base, 'no message')
        const key = spending(context.spender)
        const gapped = key.sign({ ...base, nonce: base.nonce + 1 })
        same(await push(context, gapped), signedMessageCid(gapped), 'CID')
        story.gapped = gapped
        same(await context.chain.mpoolNonce(key.address), base.nonce, 'MpoolGetNonce')
        await holdsPooled(context, gapped)
      },
    },
    {
      name: 'messages: the same message again is no second one',
      async run(context) {
        const gapped = needs(story.gapped, 'nothing is pooled')
        try {
          same(await push(context, gapped), signedMessageCid(gapped), 'CID')
        } catch (cause) {
          if (!(cause instanceof ChainError) || cause.code !== 'ALREADY_POOLED') throw cause
        }
        same((await pooledOf(context)).length, 1, 'pooled messages')
      },
    },
    {
      name: 'messages: replace by fee takes 1.1 times the premium and one more, and says so',
      async run(context) {
        const gapped = needs(story.gapped, 'nothing is pooled')
        const key = spending(context.spender)
        const { gasPremium } = gapped.message
        const least = (gasPremium * 110n) / 100n + 1n
        for (const premium of [gasPremium, least - 1n]) {
          const { text, code } = await refuses(() =>
            push(
              context,
              key.signUnlandable({ ...gapped.message, value: attoFil(1n), gasPremium: attoFil(premium) }),
            ),
          )
          same(code, 'REPLACE_UNDERPRICED', 'refusal')
          matches(
            text,
            new RegExp(
              `with nonce ${gapped.message.nonce} already in mpool, increase GasPremium to ${least} from ${premium} to trigger replace by fee: replace by fee has too low GasPremium$`,
            ),
            'text',
          )
        }
        const better = key.sign({ ...gapped.message, gasPremium: attoFil(least) }, gapped)
        same(await push(context, better), signedMessageCid(better), 'CID')
        story.gapped = better
        await holdsPooled(context, better)
      },
    },
    {
      name: "messages: replace by fee takes the field's 1.25",
      async run(context) {
        const gapped = needs(story.gapped, 'nothing is pooled')
        const key = spending(context.spender)
        const gasPremium = attoFil((gapped.message.gasPremium * 125n) / 100n)
        const better = key.sign({ ...gapped.message, gasPremium }, gapped)
        same(await push(context, better), signedMessageCid(better), 'CID')
        story.replaced = gapped
        story.gapped = better
        await holdsPooled(context, better)
      },
    },
    {
      name: 'messages: MpoolSub tells of one that comes',
      async run(context) {
        const base = needs(story.base, 'no message')
        needs(story.gapped, 'nothing is pooled')
        const line = await context.socket()
        const channel = await line.subscribe(1, 'Filecoin.MpoolSub')
        story.updates = { line, channel }
        const filling = spending(context.spender).sign(base)
        await push(context, filling)
        const cid = signedMessageCid(filling)
        await line.until('the pool tells of the message', () => updateOf(line, channel, 0, cid))
      },
    },
    {
      name: 'messages: with the gap filled both land in order, each with a receipt one tipset later',
      async run(context) {
        const { chain } = context
        const base = needs(story.base, 'no message')
        const second = needs(story.gapped, 'nothing is pooled')
        const lookup = await waited(context, signedMessageCid(second))
        same(lookup.message, signedMessageCid(second), 'the message that landed')
        same(lookup.receipt.exitCode, 0, 'exit code')
        const [block] = lookup.tipSet
        if (block === undefined) throw new Error('a lookup without a tipset')
        const messages = await chain.parentMessages(block)
        const index = messages.findIndex(({ cid }) => cid === lookup.message)
        holds(index >= 0, 'the parents of the executing tipset carry the message')
        same(
          (await chain.parentReceipts(block))[index]?.gasUsed,
          lookup.receipt.gasUsed,
          'gas in the receipt',
        )
        const executing = await chain.tipSet(lookup.tipSet)
        same(executing.height, lookup.height, 'height of the lookup')
        const carrying = await chain.tipSet(executing.blocks[0]?.parents ?? [])
        holds(carrying.height < lookup.height, 'a message is carried before it is executed')
        const nonce = (await chain.getActor(spending(context.spender).address, lookup.tipSet))?.nonce ?? 0
        holds(nonce >= base.nonce + 2, 'the actor has used both nonces')
        same(
          await chain.searchMessage(lookup.message, { at: carrying.key }),
          undefined,
          'seen from the tipset that carries it',
        )
      },
    },
    {
      name: 'messages: MpoolSub tells of one that leaves',
      async run() {
        const { line, channel } = needs(story.updates, 'no subscription')
        const second = needs(story.gapped, 'nothing is pooled')
        await line.until('the pool tells that it left', () =>
          updateOf(line, channel, 1, signedMessageCid(second)),
        )
      },
    },
    {
      name: 'messages: who asks for a replaced message is told of the one that replaced it',
      async run({ chain }) {
        const replaced = needs(story.replaced, 'nothing was replaced')
        const landed = needs(story.gapped, 'nothing landed')
        const cid = signedMessageCid(replaced)
        same((await chain.searchMessage(cid))?.message, signedMessageCid(landed), 'the message that landed')
        try {
          same(await chain.searchMessage(cid, { allowReplaced: false }), undefined, 'without replacements')
        } catch (cause) {
          if (!(cause instanceof ChainError)) throw cause
          matches(cause.text, /equal nonce/, 'refusal without replacements')
        }
      },
    },
    {
      name: 'messages: a value beyond the balance is taken, and lands with exit code 6',
      async run(context) {
        const { chain } = context
        const base = needs(story.base, 'no message')
        needs(story.gapped, 'nothing landed')
        const key = spending(context.spender)
        const nonce = await chain.mpoolNonce(key.address)
        const balance = (await chain.getActor(key.address))?.balance ?? 0n
        const tooMuch = key.sign({ ...base, nonce, value: attoFil(2n * balance + 1n) })
        await push(context, tooMuch)
        same((await waited(context, signedMessageCid(tooMuch))).receipt.exitCode, 6, 'exit code')
      },
    },
  ]

  return checks.map(({ name, run }) => ({
    name,
    async run(context) {
      spending(context.spender)
      await run(context)
    },
  }))
}

const draft: Draft = {
  version: 0,
  nonce: 0,
  value: attoFil(0n),
  gasLimit: 0,
  gasFeeCap: attoFil(0n),
  gasPremium: attoFil(0n),
  method: 0,
  params: new Uint8Array(),
}

function fees({ gasLimit, gasFeeCap, gasPremium }: Message) {
  return { gasLimit, gasFeeCap, gasPremium }
}

function spending(spender: Spender | undefined): Spender {
  if (spender === undefined) throw new Skipped('it sends messages: give --write and --key')
  return spender
}

async function push({ ask }: ComplianceContext, signed: SignedMessage): Promise<string> {
  const { '/': cid } = (await ask('Filecoin.MpoolPush', signedMessage.write(signed, 'f'))) as {
    readonly '/': string
  }
  return cid
}

async function pooledOf({ chain, spender }: ComplianceContext): Promise<SignedMessage[]> {
  const { address } = spending(spender)
  return (await chain.mpoolPending()).filter(({ message }) => message.from === address)
}

/** The pool holds this message, and no other of its nonce. */
async function holdsPooled(context: ComplianceContext, signed: SignedMessage): Promise<void> {
  const there = (await pooledOf(context)).filter(({ message }) => message.nonce === signed.message.nonce)
  same(there.map(signedMessageCid).join(), signedMessageCid(signed), 'the pooled message of that nonce')
}

async function waited({ ask }: ComplianceContext, cid: string) {
  return messageLookup.read(await ask('Filecoin.StateWaitMsg', { '/': cid }, 1, -1, true), 'StateWaitMsg')
}

function updateOf(line: RawSocket, channel: Json, type: number, cid: string): true | undefined {
  return line.values(channel).some((value) => {
    const { Type, Message } = value as { readonly Type: Json; readonly Message: Json }
    return Type === type && signedMessageCid(signedMessage.read(Message, 'MpoolSub')) === cid
  })
    ? true
    : undefined
}

import {
  cidParts,
  decodeMessage,
  decodeSignedMessage,
  messageToJson,
  multihash,
  parseCid,
  signedMessageCid,
  signedMessageToJson,
} from '@sealane/actors'
import type { ChainPort, TipSet } from '@sealane/chain'
import { epoch } from '@sealane/fil-units'
import type { Command } from 'commander'
import { CliError } from '../cli-error.js'
import { jsonText, lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { natural, usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { tipSetLine } from '../show/chain-text.js'

export function chainCommand(session: Session): Command {
  return group('chain', 'The chain.', [head(session), list(session), getMessage(session)])
}

function head(session: Session): Command {
  return answers(
    session,
    {
      usage: 'head',
      about: 'Print the head: its block CIDs.',
      examples: ['chain head', 'chain head --json'],
    },
    async () => {
      const { key, height, timestamp } = await (await session.chain()).head()
      return { json: { cids: key, height, timestamp }, text: lines(...key) }
    },
  )
}

function list(session: Session): Command {
  return answers<{ count: string; height?: string }>(
    session,
    {
      usage: 'list',
      about: 'List tipsets up to the head, oldest first.',
      examples: ['chain list --count 8', 'chain list --height 7129 --count 3'],
    },
    async ({ count, height }) => {
      const chain = await session.chain()
      const wanted = natural('--count', count)
      const from = height === undefined ? undefined : epoch(natural('--height', height))
      const tipSets = await ancestors(
        chain,
        wanted,
        from === undefined ? await chain.head() : await chain.tipSetByHeight(from),
      )
      const prefix = await session.prefix()
      const json = tipSets.map(({ key, height: at, timestamp }) => ({ height: at, timestamp, cids: key }))
      return { json, text: lines(...tipSets.map((tipSet) => tipSetLine(tipSet, prefix))) }
    },
    (command) =>
      command
        .option('--count <N>', 'tipsets counted down from the head', '30')
        .option('--height <N>', 'count down from this epoch'),
  )
}

async function ancestors(chain: ChainPort, count: number, newest: TipSet): Promise<TipSet[]> {
  const found: TipSet[] = []
  for (let tipSet: TipSet | undefined = newest; tipSet !== undefined && found.length < count; ) {
    found.push(tipSet)
    const parents: readonly string[] | undefined = tipSet.blocks[0]?.parents
    tipSet =
      tipSet.height === 0 || parents === undefined
        ? undefined
        : await chain.tipSet(tipSet.blocks[0]?.parents ?? [])
  }
  return found.reverse()
}

function getMessage(session: Session): Command {
  return answers(
    session,
    {
      usage: 'getmessage [messageCid]',
      about: 'Print a message by its CID, on chain or still pending.',
      examples: ['chain getmessage bafy2bzacealgjgwzmi2gqy5ynvwegjenrvrv7hisuvpbkdxhdjrxdgvdf6whe'],
    },
    async (_, [text]) => {
      if (text === undefined) throw usage('must pass a cid of a message to get')
      const cid = parseCid(text)
      const chain = await session.chain()
      const prefix = await session.prefix()
      let bytes: Uint8Array
      try {
        bytes = await chain.readObject(cid)
      } catch (error) {
        const pending = (await chain.mpoolPending()).find((signed) => signedMessageCid(signed) === cid)
        if (pending === undefined) throw notRead(cid, error)
        const json = signedMessageToJson(pending, prefix)
        return { json, text: jsonText(json) }
      }
      const json = messageJson(bytes, prefix)
      return { json, text: jsonText(json) }
    },
  )
}

/** A block store holds BLS messages bare and others with their signature. */
function messageJson(bytes: Uint8Array, prefix: 'f' | 't') {
  try {
    return messageToJson(decodeMessage(bytes), prefix)
  } catch {
    try {
      return signedMessageToJson(decodeSignedMessage(bytes), prefix)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new CliError(
        { code: 'NOT_ON_CHAIN', what: 'message' },
        `failed to decode object as a message: ${reason}; this CID names something else on the chain`,
      )
    }
  }
}

function notRead(cid: ReturnType<typeof parseCid>, error: unknown): CliError {
  const { text } = error as { text?: unknown }
  const reason = typeof text === 'string' ? text : error instanceof Error ? error.message : String(error)
  const hint =
    cidParts(cid).hashCode === multihash.sha2256
      ? `\n  next: ${cid.slice(0, 8)}… is a deal's signed proposal CID, not a message: sealane deals find ${cid}`
      : '\n  next: check the CID; a message that never left the miner app is shown by "sealane messages show CID"'
  return new CliError({ code: 'NOT_ON_CHAIN', what: cid }, `failed to read object: ${reason}${hint}`)
}

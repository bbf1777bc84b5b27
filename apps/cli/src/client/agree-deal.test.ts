import { parseAddress, pieceCid } from '@sealane/actors'
import { type ChainPort, type MinerInfo } from '@sealane/chain'
import { attoFil, epoch, paddedSize } from '@sealane/fil-units'
import type { DealParams, DealResponse } from '@sealane/market'
import { temporaryDirectory } from '@sealane/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { scriptedProvider } from '../testing/scripted-provider.js'
import { agreeDeal } from './agree-deal.js'
import { clientKey } from './client-wallet.js'
import { DealBook } from './deal-book.js'
import { draftDeal } from './draft-deal.js'
import { ProviderLine } from './provider-line.js'

const miner = parseAddress('f01000')
let provider: Awaited<ReturnType<typeof scriptedProvider>>
/** What the provider does with each proposal it hears, in turn; then it accepts. */
let script: ((params: DealParams) => DealResponse)[]
let heard: DealParams[]
let breaks: number
let line: ProviderLine
let dir: string

const yes = { accepted: true, message: '' }
const no = (message: string) => () => ({ accepted: false, message })

/** Every connection breaks off, as when the provider's process is killed. */
const breakOff = () => {
  for (const connection of provider.node.getConnections()) connection.abort(new Error('killed'))
}

beforeEach(async () => {
  script = []
  heard = []
  breaks = 0
  dir = temporaryDirectory()
  provider = await scriptedProvider({
    judge: (params) => {
      heard.push(params)
      return script.shift()?.(params) ?? yes
    },
    answering: () => {
      if (breaks-- > 0) breakOff()
    },
  })
  const info = {
    peerId: provider.node.peerId.toString(),
    multiaddrs: provider.node.getMultiaddrs().map((address) => address.bytes),
  } as unknown as MinerInfo
  line = new ProviderLine(chainThatSays(info), miner, AbortSignal.timeout(60_000))
})
afterEach(async () => {
  await line.stop()
  await provider.stop()
})

/** The three things a proposal asks of the chain. */
function chainThatSays(info: MinerInfo): ChainPort {
  return {
    head: async () => ({ height: epoch(100) }),
    minerInfo: async () => info,
    collateralBounds: async () => ({ min: attoFil(5n), max: attoFil(50n) }),
  } as unknown as ChainPort
}

async function agree(patienceMs = 20_000) {
  const client = await clientKey(dir)
  const draft = await draftDeal({
    chain: line.chain,
    connection: await line.connection(),
    miner,
    client,
    part: {
      path: '',
      offset: 0,
      sizeBytes: 1000,
      pieceCid: pieceCid(new Uint8Array(32)),
      pieceSize: paddedSize(1024n),
    },
    url: undefined,
    label: 'label',
    startDelayEpochs: 1000,
    durationEpochs: 518_400,
    signal: line.signal,
  })
  const book = new DealBook(dir)
  const whys: string[] = []
  const send = () =>
    agreeDeal(draft, {
      line,
      key: client.key,
      book,
      patienceMs,
      again: (why) => whys.push(why),
      signal: line.signal,
    })
  return { draft, send, book, whys }
}

describe('a proposal', () => {
  it('that was accepted, and whose answer never came, is one deal', async () => {
    breaks = 1
    const { send, book, draft } = await agree()
    expect(await send()).toEqual(draft.made)
    expect(heard).toHaveLength(1)
    expect(provider.taken).toHaveLength(1)
    expect(book.list()).toEqual([draft.made])
  })

  it('that was never heard is sent again: the same bytes, the same uuid', async () => {
    script = [
      () => {
        breakOff()
        return { accepted: false, message: 'said to nobody' }
      },
    ]
    const { send, draft } = await agree()
    await send()
    expect(heard).toEqual([draft.params, draft.params])
    expect(provider.taken).toHaveLength(1)
  })

  it('is sent again when the provider’s own node does not answer, and refused for any other reason', async () => {
    script = [no('failed validation: server error: getting chain head')]
    const { send, book, draft, whys } = await agree()
    expect(await send()).toEqual(draft.made)
    expect(whys).toEqual(['the provider says: failed validation: server error: getting chain head'])
    script = [no('storage price per epoch less than asking price')]
    const other = await agree()
    await expect(other.send()).rejects.toMatchObject({ code: 'DEAL_REFUSED' })
    expect(book.list()).toEqual([draft.made])
  })

  it('without any answer until the patience is over may be a deal: the book says that nobody knows', async () => {
    const { send, book, draft } = await agree(0)
    await provider.stop()
    await expect(send()).rejects.toMatchObject({ remedy: 'retry' })
    expect(book.list()).toEqual([{ ...draft.made, answer: 'none' }])
  })
})

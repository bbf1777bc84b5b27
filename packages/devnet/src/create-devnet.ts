import { randomBytes, randomUUID } from 'node:crypto'
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyAddress } from '@sealane/actors'
import { exportKey, generateKey, publicKey } from '@sealane/crypto'
import { type AttoFil, attoFil } from '@sealane/fil-units'
import type { Verifier } from '@sealane/proofs'
import { holdLock } from '@sealane/sql'
import { type ClockSettings, defaultClockSettings } from './clock/clock-settings.js'
import type { ClockState } from './clock/clock-state.js'
import { defaultMempool, type GenesisFact, type MempoolFact } from './node/chain-facts.js'
import { DevnetError } from './node/devnet-error.js'
import { DevnetNode } from './node/devnet-node.js'
import { networkNameOf, networkVersion, sectorSizes } from './node/network.js'
import { genesisBlock } from './producer/genesis-block.js'
import { Producer, type ProducerLog } from './producer/producer.js'
import { openTicketBook, type TicketBook } from './randomness/ticket-book.js'
import { allChannels, allMethods } from './rpc/all-methods.js'
import type { Api } from './rpc/api.js'
import { Dispatcher } from './rpc/dispatcher.js'
import { HeadSubscriptions } from './rpc/head-subscriptions.js'
import { RpcServer } from './rpc/server.js'
import { Tokens, upTo } from './rpc/tokens.js'
import { v0Methods } from './rpc/v0-methods.js'
import { ChainStore } from './store/chain-store.js'
import { devnetEconomics, encodeState, genesis } from './vm/index.js'

export interface DevnetOptions {
  /** Holds the database and the files `api`, `token` and `token-read`. Made when it is not there, mode 0700. */
  readonly dataDir: string
  /** Digest of the proof key set that `verifier` verifies with. The genesis commits to it. */
  readonly keySetDigest: string
  readonly verifier: Verifier
  readonly listen?: { readonly host: string; readonly port: number }
  readonly clock?: Partial<ClockSettings>
  /** Only a new chain reads it. Unit: whole seconds. */
  readonly blockDelaySeconds?: number
  /** Only a new chain reads it. */
  readonly faucetBalance?: AttoFil
  readonly version?: string
  readonly log?: ProducerLog
  /** Unix ms. */
  readonly now?: () => number
  /** Monotonic ms. */
  readonly monotonic?: () => number
  readonly random?: (bytes: number) => Uint8Array
}

/** A running devnet. */
export interface Devnet {
  readonly networkName: string
  readonly host: string
  readonly port: number
  /** For FULLNODE_API_INFO, with the admin token. */
  readonly apiInfo: string
  /** As `apiInfo`, with the token that may only read: what goes abroad. */
  readonly readApiInfo: string
  readonly node: DevnetNode
  /** Resolves when a client with an admin token asked for the end (Filecoin.Shutdown). */
  readonly shutdownAsked: Promise<void>
  /** Stops making blocks and answering; what was acknowledged stays. */
  close(): Promise<void>
}

/** What the chain begins with in its faucet: 100 million FIL. */
const defaultFaucetBalance = attoFil(100_000_000n * 10n ** 18n)

const silent: ProducerLog = { info: () => undefined, warn: () => undefined, error: () => undefined }

/**
 * Takes up the chain in `dataDir`, or begins one, and serves it. Throws DevnetError (`halt`): KEY_SET_MISMATCH when the
 * chain was begun with other proof keys, LISTEN_FAILED; SqlError when its database is damaged, newer, or in use by another
 * process.
 */
export async function createDevnet(options: DevnetOptions): Promise<Devnet> {
  const random = options.random ?? ((bytes) => new Uint8Array(randomBytes(bytes)))
  const now = options.now ?? Date.now
  const monotonic = options.monotonic ?? (() => performance.now())
  const log = options.log ?? silent
  const { dataDir } = options
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  chmodSync(dataDir, 0o700)

  const lock = holdLock(join(dataDir, 'lock'))
  const store = await ChainStore.open(join(dataDir, 'chain.db')).catch((cause: unknown) => {
    lock.release()
    throw cause
  })
  try {
    const genesisFact =
      (await store.fact<GenesisFact>('genesis')) ?? (await begin(store, options, random, now))
    if (genesisFact.keySetDigest !== options.keySetDigest) {
      throw new DevnetError(
        'KEY_SET_MISMATCH',
        `the chain in ${dataDir} was begun with other proof keys (${genesisFact.keySetDigest.slice(0, 16)}, not ${options.keySetDigest.slice(0, 16)}): use those, or begin a new chain in another directory`,
      )
    }
    const book = await store.fact<TicketBook>('book')
    const tokenSecret = await store.fact<string>('tokenSecret')
    if (book === undefined || tokenSecret === undefined)
      throw new TypeError('the chain’s facts are incomplete')
    const node = await DevnetNode.open({
      store,
      verifier: options.verifier,
      genesis: genesisFact,
      book,
      mempool: (await store.fact<MempoolFact>('mempool')) ?? defaultMempool,
      now,
    })
    const settings: ClockSettings = {
      ...defaultClockSettings,
      blockDelayMs: genesisFact.blockDelaySeconds * 1_000,
      ...options.clock,
    }
    const producer = new Producer(node, settings, await store.fact<ClockState>('clock'), { monotonic }, log)
    const heads = new HeadSubscriptions(node, () => producer.wake())
    node.followers = () => ({ count: heads.count, behind: heads.behind })
    node.pool.subscribe(() => producer.wake())

    const tokens = new Tokens(tokenSecret)
    const shutdown = Promise.withResolvers<void>()
    const version = options.version ?? '0.1.0'
    const api: Api = {
      node,
      producer,
      heads,
      tokens,
      agent: 'sealane-devnet (simnet; see Devnet.Info)',
      version: `sealane-devnet-${version}+2k+simnet`,
      session: randomUUID(),
      random,
      shutdown: () => shutdown.resolve(),
    }
    const methods = allMethods(api)
    const serve = (served: ReturnType<typeof allMethods>) =>
      new Dispatcher(served, allChannels(api), (name, cause) =>
        log.error('a method failed', {
          method: name,
          reason: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
        }),
      )
    const server = new RpcServer(
      new Map([
        ['/rpc/v1', serve(methods)],
        ['/rpc/v0', serve(v0Methods(methods))],
      ]),
      tokens,
    )
    const listen = options.listen ?? { host: '127.0.0.1', port: 0 }
    const { address: host, port } = await server.listen(listen.host, listen.port)
    const admin = await tokens.issue(upTo('admin'))
    const read = await tokens.issue(upTo('read'))
    const multiaddr = `/${host.includes(':') ? 'ip6' : 'ip4'}/${host}/tcp/${port}/http`
    writeWhole(join(dataDir, 'token'), admin)
    writeWhole(join(dataDir, 'token-read'), read)
    writeWhole(join(dataDir, 'api'), multiaddr)
    producer.start()
    return {
      networkName: genesisFact.networkName,
      host,
      port,
      apiInfo: `${admin}:${multiaddr}`,
      readApiInfo: `${read}:${multiaddr}`,
      node,
      shutdownAsked: shutdown.promise,
      async close() {
        await producer.stop()
        await server.close()
        await store.close()
        lock.release()
      },
    }
  } catch (cause) {
    await store.close()
    lock.release()
    throw cause
  }
}

/** Block 0, its state, the faucet and the API's secret. Until the one commit at the end, a crash leaves but a stray key. */
async function begin(
  store: ChainStore,
  options: DevnetOptions,
  random: (bytes: number) => Uint8Array,
  now: () => number,
): Promise<GenesisFact> {
  const { keySetDigest } = options
  const networkName = networkNameOf(keySetDigest)
  const blockDelaySeconds = options.blockDelaySeconds ?? 1
  if (!Number.isSafeInteger(blockDelaySeconds) || blockDelaySeconds < 1) {
    throw new DevnetError('OPTION_INVALID', 'the block delay is a whole number of seconds, at least 1')
  }
  const genesisTimestamp = Math.floor(now() / 1000)
  const key = generateKey('secp256k1', random(32))
  const faucet = keyAddress('secp256k1', publicKey(key))
  await store.putKey(faucet, exportKey(key), now())
  const book = openTicketBook(Buffer.from(random(32)).toString('hex'))
  const state = genesis({
    networkName,
    networkVersion,
    sectorSizes: [...sectorSizes],
    keySetDigest,
    faucet,
    faucetBalance: options.faucetBalance ?? defaultFaucetBalance,
    genesisTimestamp,
    blockDelaySeconds,
    economics: devnetEconomics,
  })
  const block = genesisBlock(state, book, genesisTimestamp)
  const fact: GenesisFact = {
    networkName,
    keySetDigest,
    genesisTimestamp,
    blockDelaySeconds,
    faucet,
    genesisBlock: block.cid,
  }
  await store.commit({
    blocks: [{ block, inclusions: [], objects: [] }],
    states: new Map([[block.postRoot, encodeState(state)]]),
    unpooled: [],
    repooled: [],
    facts: { genesis: fact, book, tokenSecret: Buffer.from(random(32)).toString('hex') },
  })
  return fact
}

/** Readers see the old file or the new one, never half of it; only the owner sees either. */
function writeWhole(path: string, text: string): void {
  const partial = `${path}.partial-${process.pid}`
  writeFileSync(partial, text, { mode: 0o600 })
  renameSync(partial, path)
}

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { Connection, Libp2p } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { NestFactory } from '@nestjs/core'
import { type Address, idAddress, keyAddress, pieceCid, proposalSigningBytes } from '@sealane/actors'
import { generateKey, type KeyInfo, publicKey, sign } from '@sealane/crypto'
import { attoFil, epoch } from '@sealane/fil-units'
import {
  createAuthority,
  createLog,
  createQueues,
  fetchRange,
  Health,
  hostModule,
  issueCertificate,
  loadConfig,
  loadIdentity,
  Metrics,
  type OperatorClient,
  operatorClient,
  type Queues,
  silentLog,
} from '@sealane/host'
import { type DealProgress, homeward, outward, type PayloadOf } from '@sealane/jobs'
import {
  type DealParams,
  type DealStatusResponse,
  dealUuidBytes,
  dealUuidFromBytes,
  encodeTransferParams,
  parseDealUuid,
} from '@sealane/market'
import { queryDealStatus } from '@sealane/market/node'
import { CommPHasher } from '@sealane/pieces'
import { type DealRow, providerOperator } from '@sealane/proto'
import { until } from '@sealane/testkit'
import { createLibp2p } from 'libp2p'
import type { Clock } from '../clock.js'
import { providerConfig } from '../config.js'
import { providerModule } from '../provider.module.js'
import { ProviderLife } from '../provider-life.js'
import type { TestChain } from './test-chain.js'

export const miner = idAddress(1000)

/** One provider, really running: its own state, libp2p host, piece server, operator socket and crossing queues. */
export interface RunningProvider {
  readonly life: ProviderLife
  readonly operator: OperatorClient<typeof providerOperator>
  readonly dir: string
  deal(uuid: string): Promise<DealRow>
  /** Waits until a deal is in a state; prints its row when it does not get there. */
  dealIn(uuid: string, ...states: string[]): Promise<DealRow>
  /** Waits until it has an ask. */
  asked(): Promise<unknown>
  stop(): Promise<void>
}

export async function startProvider(o: {
  dir: string
  redisUrl: string
  chain: TestChain
  flags?: string[]
  clock?: Clock
  readTimeoutMs?: number
}): Promise<RunningProvider> {
  const certificates = join(o.dir, 'tls')
  await createAuthority(certificates)
  for (const role of ['provider', 'sealer', 'worker']) await issueCertificate(certificates, { role })
  const flags = {
    'paths-state-dir': join(o.dir, 'state'),
    'paths-runtime-dir': join(o.dir, 'run'),
    'tls-dir': certificates,
    'miner-address': 't01000',
    'chain-nodes': '/ip4/127.0.0.1/tcp/1/http',
    'crossing-redis-url': o.redisUrl,
    'pieces-listen': '127.0.0.1:0',
    'libp2p-listen': '/ip4/127.0.0.1/tcp/0',
    'deals-expected-seal-epochs': '100',
    'ask-price-atto-fil': '1000000',
    'transfer-allow-private-addresses': 'true',
    'transfer-retry-max-wait': '100ms',
    'transfer-stall-timeout': '2s',
  }
  const argv = [...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]), ...(o.flags ?? [])]
  const { values } = loadConfig(providerConfig, { argv, env: {} })
  const log =
    process.env.SEALANE_TEST_LOG === undefined ? silentLog() : createLog({ name: 'provider', level: 'debug' })
  const host = hostModule({
    log,
    health: new Health(),
    metrics: new Metrics({ processMetrics: false }),
    config: values,
  })
  const context = await NestFactory.createApplicationContext(
    { module: class Root {}, imports: [host, providerModule({ ...o, chain: o.chain.port() })] },
    { logger: false, abortOnError: false },
  )
  const life = context.get(ProviderLife)
  const operator = operatorClient(providerOperator, { socketPath: join(o.dir, 'run', 'provider.sock') })
  const deal = (uuid: string) => operator['deals.get']({ id: uuid })
  return {
    life,
    operator,
    dir: o.dir,
    deal,
    dealIn: (uuid, ...states) =>
      until(
        `deal ${uuid} to be ${states.join(' or ')}`,
        () => deal(uuid),
        (row) => states.includes(row.state),
      ),
    asked: () =>
      until(
        'an ask',
        () => operator['asks.get']({}),
        (ask) => ask !== null,
      ),
    stop: () => context.close(),
  }
}

/** Someone who wants to store data: a wallet key and a libp2p host. */
export class TestClient {
  private constructor(
    readonly host: Libp2p,
    readonly key: KeyInfo,
    readonly address: Address,
  ) {}

  static async create(keyType: 'bls' | 'secp256k1' = 'secp256k1'): Promise<TestClient> {
    const host = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [tls(), noise()],
      streamMuxers: [yamux()],
    })
    const key = generateKey(keyType, randomBytes(32))
    return new TestClient(host, key, keyAddress(keyType, publicKey(key)))
  }

  /** A client of whom the chain knows, with 1 FIL in market escrow. */
  static async funded(chain: TestChain): Promise<TestClient> {
    const client = await TestClient.create()
    chain.account(client.address, 100, 10n ** 18n)
    return client
  }

  async dial(provider: RunningProvider): Promise<Connection> {
    return await this.host.dial(provider.life.rooms.host.getMultiaddrs())
  }

  /** A proposal for `data`, signed, that a provider of the test chain takes. */
  propose(
    data: Uint8Array,
    o: {
      url?: string
      offline?: boolean
      startEpoch?: number
      key?: KeyInfo
      client?: Address
      label?: string
      type?: string
      size?: bigint
      headers?: Record<string, string>
      commP?: Uint8Array
      provider?: Address
      collateral?: bigint
      price?: bigint
      verified?: boolean
    } = {},
  ): DealParams {
    const digest = new CommPHasher().write(data).digest()
    const startEpoch = o.startEpoch ?? 12_000
    const proposal = {
      pieceCid: pieceCid(o.commP ?? digest.commP),
      pieceSize: digest.paddedSize,
      verifiedDeal: o.verified ?? false,
      client: o.client ?? this.address,
      provider: o.provider ?? miner,
      label: o.label ?? `label ${randomBytes(4).toString('hex')}`,
      startEpoch: epoch(startEpoch),
      endEpoch: epoch(startEpoch + 520_000),
      storagePricePerEpoch: attoFil(o.price ?? 1_000n),
      providerCollateral: attoFil(o.collateral ?? 1_200n),
      clientCollateral: attoFil(0n),
    }
    const offline = o.offline ?? false
    return {
      dealUuid: dealUuidFromBytes(randomBytes(16)),
      isOffline: offline,
      clientDealProposal: {
        proposal,
        clientSignature: sign(o.key ?? this.key, proposalSigningBytes(proposal)),
      },
      dealDataRoot: proposal.pieceCid,
      transfer: {
        type: offline ? '' : (o.type ?? 'http'),
        clientId: '',
        params: offline
          ? new Uint8Array()
          : encodeTransferParams({ url: o.url ?? '', headers: o.headers ?? null }),
        size: offline ? 0n : (o.size ?? BigInt(data.length)),
      },
      removeUnsealedCopy: false,
      skipIpniAnnounce: false,
    }
  }

  async status(connection: Connection, uuid: string, key: KeyInfo = this.key): Promise<DealStatusResponse> {
    const dealUuid = parseDealUuid(uuid)
    return await queryDealStatus(connection, { dealUuid, signature: sign(key, dealUuidBytes(dealUuid)) })
  }

  async stop(): Promise<void> {
    await this.host.stop()
  }
}

/** The far end of the crossing: takes what comes homeward, and says outward what the test wants said. */
export class TestHome {
  readonly received: PayloadOf<typeof homeward>[] = []
  readonly #queues: Queues
  #sequence = 0

  /** Whether what comes is acknowledged at once. */
  acknowledging = true

  constructor(redisUrl: string) {
    this.#queues = createQueues({ url: redisUrl, name: 'home-test' })
    this.#queues.work(homeward, async (job) => {
      this.received.push(job)
      if (this.acknowledging && job.message.kind !== 'acknowledgements') await this.acknowledgeJob(job)
    })
  }

  /** Messages of one kind, oldest first. */
  of<Kind extends PayloadOf<typeof homeward>['message']['kind']>(kind: Kind) {
    return this.received
      .map(({ message }) => message)
      .filter((message): message is Extract<typeof message, { kind: Kind }> => message.kind === kind)
  }

  async acknowledgeJob({ sender, subject, sequence }: PayloadOf<typeof homeward>): Promise<void> {
    await this.say(`a-${subject}`, { kind: 'acknowledgements', of: [{ sender, subject, sequence }] })
  }

  async say(
    subject: string,
    message: PayloadOf<typeof outward>['message'],
    sequence?: number,
  ): Promise<void> {
    this.#sequence += 1
    await this.#queues.add(outward, {
      sender: 'sealer~0123456789abcdef0123456789ab',
      subject,
      sequence: sequence ?? this.#sequence,
      tries: this.#sequence,
      message,
    })
  }

  async progress(dealUuid: string, facts: Partial<DealProgress>, sequence?: number): Promise<void> {
    const nothing: DealProgress = {
      kind: 'dealProgress',
      dealUuid,
      pieceState: 'Home',
      publicationState: null,
      sectorNumber: null,
      sectorState: null,
      publishCid: null,
      dealId: null,
      preCommitCid: null,
      proveCommitCid: null,
      windowPostCid: null,
      activeEpoch: null,
      provenEpoch: null,
      failure: null,
      waitingFor: null,
    }
    await this.say(`d-${dealUuid}`, { ...nothing, ...facts }, sequence)
  }

  async close(): Promise<void> {
    await this.#queues.close()
  }
}

/** Fetches a piece as home does. */
export async function fetchPiece(
  provider: RunningProvider,
  o: { cid: string; sizeBytes: number; role?: string; start?: number },
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  const source = fetchRange({
    url: `https://127.0.0.1:${provider.life.piecesPort}/pieces/${o.cid}`,
    tls: loadIdentity(join(provider.dir, 'tls'), o.role ?? 'sealer'),
    role: 'provider',
    start: BigInt(o.start ?? 0),
    sizeBytes: BigInt(o.sizeBytes),
  })
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A payload that fills a piece of this padded size. */
export function payload(paddedBytes: number, less = 0): Uint8Array {
  return randomBytes((paddedBytes / 128) * 127 - less)
}

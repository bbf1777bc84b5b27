import { randomBytes, randomUUID } from 'node:crypto'
import { createServer as createHttp } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import {
  type Address,
  addBalanceParams,
  clientDealProposal,
  type DealProposal,
  dealProposalCid,
  keyAddress,
  type Message,
  marketActor,
  marketMethods,
  pieceCid,
  proposalSigningBytes,
  signingBytes,
} from '@sealane/actors'
import type { ChainPort } from '@sealane/chain'
import { generateKey, type KeyInfo, publicKey, sign } from '@sealane/crypto'
import { attoFil, epoch } from '@sealane/fil-units'
import { createQueues, loadIdentity, type Queues, tlsOptions } from '@sealane/host'
import { homeward, kind, type PayloadOf } from '@sealane/jobs'
import { CommPHasher } from '@sealane/pieces'
import { until } from '@sealane/testkit'
import { z } from 'zod'

/** The homeward queue, or any other of that Redis, as whoever owns it writes to it: any JSON at all. */
export const anything = (queue = homeward.queue) =>
  kind({ queue, payload: z.any(), id: () => `forged-${randomUUID()}` })

export type HomewardJob = PayloadOf<typeof homeward>
export type Offer = Extract<HomewardJob['message'], { kind: 'dealOffered' }>
export interface Forged {
  readonly job: HomewardJob
  readonly message: Offer
  readonly proposalCid: string
  readonly label: DealProposal['label']
}

export interface Client {
  readonly key: KeyInfo
  readonly address: Address
}

export const newClient = (): Client => {
  const key = generateKey('secp256k1', randomBytes(32))
  return { key, address: keyAddress('secp256k1', publicKey(key)) }
}

const port = (server: { address(): unknown }) => (server.address() as AddressInfo).port

/** The provider's box in an attacker's hands: its certificate, its address, its Redis; and any number of clients' keys of his own. */
export class StolenBox {
  /** What its piece server was asked for. */
  readonly paths: string[] = []
  /** Connections to an address that only forged messages name. */
  dialledElsewhere = 0
  readonly queues: Queues
  readonly #served = new Map<string, Uint8Array>()
  #sequence = 0

  private constructor(
    private readonly chain: ChainPort,
    private readonly miner: Address,
    private readonly pieces: ReturnType<typeof createServer>,
    private readonly elsewhere: ReturnType<typeof createHttp>,
    crossingUrl: string,
  ) {
    this.queues = createQueues({ url: crossingUrl })
  }

  static async open(o: {
    chain: ChainPort
    miner: string
    dir: string
    crossingUrl: string
  }): Promise<StolenBox> {
    const pieces = createServer(tlsOptions(loadIdentity(join(o.dir, 'tls'), 'provider')))
    const elsewhere = createHttp((_request, response) => response.end())
    const box = new StolenBox(o.chain, o.miner as Address, pieces, elsewhere, o.crossingUrl)
    pieces.on('request', (request, response) => {
      box.paths.push(request.url ?? '')
      const bytes = box.#served.get(request.url?.split('/')[2] ?? '')
      if (bytes === undefined) return response.writeHead(404).end()
      const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
      response.writeHead(206, { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` })
      return response.end(bytes.subarray(start))
    })
    elsewhere.on('connection', () => {
      box.dialledElsewhere += 1
    })
    for (const server of [pieces, elsewhere])
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return box
  }

  get piecesUrl(): string {
    return `https://127.0.0.1:${port(this.pieces)}`
  }
  get evilUrl(): string {
    return `http://127.0.0.1:${port(this.elsewhere)}/x`
  }

  /** A client with money in market escrow, as honest ones and rich attackers have. */
  async richClient(fundTo: (address: string, attoFil: bigint) => Promise<void>): Promise<Client> {
    const client = newClient()
    await fundTo(client.address, 20n * 10n ** 18n)
    const planned: Message = {
      version: 0,
      from: client.address,
      to: marketActor,
      nonce: 0,
      value: attoFil(10n * 10n ** 18n),
      gasLimit: 0,
      gasFeeCap: attoFil(0n),
      gasPremium: attoFil(0n),
      method: marketMethods.AddBalance,
      params: addBalanceParams.encode(client.address),
    }
    const nonce = await until(
      'the client has an actor',
      () => this.chain.mpoolNonce(client.address).catch(String),
      (said) => typeof said === 'number',
    )
    const message = { ...(await this.chain.estimateGas(planned)), nonce: Number(nonce) }
    await this.chain.mpoolPush({ message, signature: sign(client.key, signingBytes(message)) })
    await until(
      'the client has escrow',
      () => this.chain.marketBalance(client.address),
      ({ escrow }) => escrow > 0n,
      { deadlineMs: 60_000 },
    )
    return client
  }

  /** An offer with bytes that the box serves. `terms`: what the client signs instead of honest words; `key`: who signs instead. */
  async offer(
    client: Client,
    o: { terms?: Partial<DealProposal>; key?: KeyInfo; bytes?: Uint8Array } = {},
  ): Promise<Forged> {
    this.#sequence += 1
    const bytes = o.bytes ?? new Uint8Array(randomBytes(2000))
    const digest = new CommPHasher().write(bytes).digest()
    const { height } = await this.chain.head()
    const startEpoch = o.terms?.startEpoch ?? epoch(height + 4 * 2880)
    const { min } = await this.chain.collateralBounds(digest.paddedSize, false)
    const proposal: DealProposal = {
      pieceCid: pieceCid(digest.commP),
      pieceSize: digest.paddedSize,
      verifiedDeal: false,
      client: client.address,
      provider: this.miner,
      label: randomBytes(6).toString('hex'),
      startEpoch,
      endEpoch: epoch(startEpoch + 181 * 2880),
      storagePricePerEpoch: attoFil(1_000n),
      providerCollateral: attoFil((min * 6n) / 5n),
      clientCollateral: attoFil(0n),
      ...o.terms,
    }
    const clientSignature = sign(o.key ?? client.key, proposalSigningBytes(proposal))
    const signedProposal = clientDealProposal.encode({ proposal, clientSignature })
    this.#served.set(proposal.pieceCid, bytes)
    const dealUuid = randomUUID()
    const message: Offer = {
      kind: 'dealOffered',
      dealUuid,
      signedProposal: Buffer.from(signedProposal).toString('base64'),
      pieceCid: proposal.pieceCid,
      pieceSize: String(proposal.pieceSize),
      payloadSize: String(bytes.length),
    }
    return {
      job: this.job(dealUuid, message),
      message,
      proposalCid: dealProposalCid(proposal),
      label: proposal.label,
    }
  }

  /** A message under the name of the provider that was. */
  job(subject: string, message: HomewardJob['message']): HomewardJob {
    this.#sequence += 1
    return { sender: `provider~${'0'.repeat(27)}1`, subject, sequence: this.#sequence, tries: 0, message }
  }

  /** The same signed words under another name. */
  renamed(forged: Forged): Forged {
    const dealUuid = randomUUID()
    const message = { ...forged.message, dealUuid }
    return { ...forged, job: this.job(dealUuid, message), message }
  }

  async put(...jobs: unknown[]): Promise<void> {
    await this.queues.addBulk(anything(), jobs)
  }

  async close(): Promise<void> {
    await this.queues.close()
    for (const server of [this.pieces, this.elsewhere]) {
      server.closeAllConnections()
      server.close()
    }
  }
}

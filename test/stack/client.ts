import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Address, type DealProposal, pieceCid, proposalSigningBytes } from '@sealane/actors'
import { type KeyInfo, sign } from '@sealane/crypto'
import { attoFil, epoch, type PaddedSize } from '@sealane/fil-units'
import { type DealParams, type DealResponse, dealUuidFromBytes, encodeTransferParams } from '@sealane/market'
import { proposeDeal } from '@sealane/market/node'
import { CommPHasher } from '@sealane/pieces'
import { clientKey } from '../../apps/cli/src/client/client-wallet.js'
import { dialProvider } from '../../apps/cli/src/client/dial-provider.js'
import type { Stack } from './stack.js'

/** What a data server does with a request for a file. */
export type Manners = (request: IncomingMessage, response: ServerResponse, data: Uint8Array) => void

const honest: Manners = (request, response, data) => {
  const [, from = '0'] = /^bytes=(\d+)-/.exec(request.headers.range ?? '') ?? []
  const start = Number(from)
  response.writeHead(206, {
    'content-length': data.length - start,
    'content-range': `bytes ${start}-${data.length - 1}/${data.length}`,
    etag: '"one"',
  })
  response.end(data.subarray(start))
}

export interface Proposed {
  readonly params: DealParams
  readonly uuid: string
  readonly answer: DealResponse
}

/** The run's own client, free to lie: its funded key, its connection to the provider, and a data server with the manners asked for. */
export class TestClient {
  readonly #files: { data: Uint8Array; manners: Manners }[] = []

  private constructor(
    private readonly stack: Stack,
    private readonly client: { key: KeyInfo; address: Address },
    private readonly miner: Address,
    private readonly provider: Awaited<ReturnType<typeof dialProvider>>,
    private readonly server: Server,
  ) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const file = this.#files[Number((request.url ?? '').slice(1))]
      if (file === undefined) response.writeHead(404).end()
      else file.manners(request, response, file.data)
    })
  }

  static async of(stack: Stack): Promise<TestClient> {
    const miner = await stack.miner()
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const key = await clientKey(join(stack.home, 'client'))
    const provider = await dialProvider(stack.chain, miner, AbortSignal.timeout(30_000))
    return new TestClient(stack, key, miner, provider, server)
  }

  get connection() {
    return this.provider.connection
  }

  /** A signed proposal for `data`, whose terms and words may be replaced. */
  async params(
    data: Uint8Array,
    o: { terms?: Partial<DealProposal>; manners?: Manners; key?: KeyInfo } = {},
  ): Promise<DealParams> {
    const hasher = new CommPHasher()
    hasher.write(data)
    const { commP, paddedSize } = hasher.digest()
    const { height } = await this.stack.chain.head()
    const startEpoch = epoch(height + 4 * 2880)
    const proposal: DealProposal = {
      pieceCid: pieceCid(commP),
      pieceSize: paddedSize as PaddedSize,
      verifiedDeal: false,
      client: this.client.address,
      provider: this.miner,
      label: randomBytes(6).toString('hex'),
      startEpoch,
      endEpoch: epoch(startEpoch + 181 * 2880),
      storagePricePerEpoch: attoFil(10n ** 9n),
      providerCollateral: attoFil(
        ((await this.stack.chain.collateralBounds(paddedSize, false)).min * 6n) / 5n,
      ),
      clientCollateral: attoFil(0n),
      ...o.terms,
    }
    this.#files.push({ data, manners: o.manners ?? honest })
    const { port } = this.server.address() as AddressInfo
    return {
      dealUuid: dealUuidFromBytes(randomBytes(16)),
      isOffline: false,
      clientDealProposal: {
        proposal,
        clientSignature: sign(o.key ?? this.client.key, proposalSigningBytes(proposal)),
      },
      dealDataRoot: proposal.pieceCid,
      transfer: {
        type: 'http',
        clientId: '',
        params: encodeTransferParams({
          url: `http://127.0.0.1:${port}/${this.#files.length - 1}`,
          headers: {},
        }),
        size: BigInt(data.length),
      },
      removeUnsealedCopy: false,
      skipIpniAnnounce: true,
    }
  }

  async send(params: DealParams): Promise<DealResponse> {
    return await proposeDeal(this.connection, params)
  }

  async propose(data: Uint8Array, o: Parameters<TestClient['params']>[1] = {}): Promise<Proposed> {
    const params = await this.params(data, o)
    return { params, uuid: params.dealUuid, answer: await this.send(params) }
  }

  async close(): Promise<void> {
    await this.provider.stop()
    this.server.closeAllConnections()
    await new Promise<void>((resolve) => this.server.close(() => resolve()))
  }
}

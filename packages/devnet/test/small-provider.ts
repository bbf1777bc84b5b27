import {
  type Address,
  addBalanceParams,
  type Cid,
  changeWorkerAddressParams,
  clientDealProposal,
  createMinerParams,
  createMinerReturn,
  dealProposal,
  type Message,
  marketActor,
  marketMethods,
  minerMethods,
  parseAddress,
  pieceCid,
  policyFor,
  powerActor,
  powerMethods,
  preCommitSectorBatchParams2,
  proveCommitSectors3Params,
  publishStorageDealsParams,
  publishStorageDealsReturn,
  randomnessTags,
  sealedCid,
  submitWindowedPostParams,
  uint,
} from '@sealane/actors'
import {
  type ChainPort,
  createChainClient,
  type Json,
  type MessageLookup,
  rpcCall,
  shapes,
} from '@sealane/chain'
import { attoFil, epoch, paddedSize } from '@sealane/fil-units'
import type { Verifier } from '@sealane/proofs'

/** Proofs are not what these tests are about: it says of each proof what it is told to say. */
export class ToldVerifier implements Verifier {
  sealHolds = true
  windowPostHolds = true
  async verifySeal(): Promise<boolean> {
    return this.sealHolds
  }
  async verifyWindowPost(): Promise<boolean> {
    return this.windowPostHolds
  }
  async verifyAggregateSeals(): Promise<boolean> {
    return this.sealHolds
  }
  async verifyUpdate(): Promise<boolean> {
    return this.sealHolds
  }
}

const fil = 10n ** 18n
const policy = policyFor('devnet-2k')

export interface Deal {
  readonly id: number
  readonly pieceCid: Cid
  readonly startEpoch: number
  readonly endEpoch: number
}

/** What a provider does on chain, and nothing else: through the RPC, with keys in the node's own wallet. */
export class SmallProvider {
  readonly chain: ChainPort
  owner!: Address
  worker!: Address
  control!: Address
  client!: Address
  miner!: Address

  constructor(private readonly apiInfo: string) {
    this.chain = createChainClient({ nodes: apiInfo })
  }

  rpc(method: string, ...params: Json[]): Promise<Json> {
    return rpcCall(this.apiInfo, method, params, 60_000)
  }

  async send(
    from: Address,
    to: Address,
    method: number,
    params: Uint8Array,
    value = 0n,
  ): Promise<MessageLookup> {
    const message: Message = {
      version: 0,
      to,
      from,
      nonce: 0,
      value: attoFil(value),
      gasLimit: 0,
      gasFeeCap: attoFil(0n),
      gasPremium: attoFil(0n),
      method,
      params,
    }
    const json = await this.rpc('Filecoin.MpoolPushMessage', shapes.message.write(message, 't'), null)
    const cid = (json as { CID: Json }).CID
    const lookup = shapes.messageLookup.read(
      await this.rpc('Filecoin.StateWaitMsg', cid, 0, -1, true),
      'lookup',
    )
    if (lookup.receipt.exitCode !== 0)
      throw new Error(`exit ${lookup.receipt.exitCode} of method ${method} at ${to}`)
    return lookup
  }

  /** Keys, money, a miner with a control address, escrow. */
  async begin(): Promise<void> {
    const key = async (type: string) => parseAddress(String(await this.rpc('Filecoin.WalletNew', type)))
    this.owner = await key('secp256k1')
    this.worker = await key('bls')
    this.control = await key('secp256k1')
    this.client = await key('secp256k1')
    for (const address of [this.owner, this.worker, this.control, this.client]) {
      await this.rpc('Devnet.FundTo', address, (100n * fil).toString())
    }
    await this.until('the keys are on chain', async () => {
      const ids = await Promise.all(
        [this.owner, this.worker, this.control, this.client].map((a) => this.chain.lookupId(a)),
      )
      return ids.every((id) => id !== undefined)
    })
    const created = await this.send(
      this.owner,
      powerActor,
      powerMethods.CreateMiner,
      createMinerParams.encode({
        owner: this.owner,
        worker: this.worker,
        windowPostProofType: 10,
        peer: new Uint8Array([0, 36, 8, 1, 18, 32, ...new Uint8Array(32).fill(7)]),
        multiaddrs: [new Uint8Array([4, 127, 0, 0, 1, 6, 5, 57])],
      }),
      await this.chain.creationDeposit(),
    )
    this.miner = createMinerReturn.decode(created.receipt.return).idAddress
    await this.send(
      this.owner,
      this.miner,
      minerMethods.ChangeWorkerAddress,
      changeWorkerAddressParams.encode({ newWorker: this.worker, newControlAddrs: [this.control] }),
    )
    await this.send(this.owner, this.miner, 0, new Uint8Array(), 10n * fil)
    await this.send(
      this.client,
      marketActor,
      marketMethods.AddBalance,
      addBalanceParams.encode(this.client),
      fil,
    )
    await this.send(
      this.owner,
      marketActor,
      marketMethods.AddBalance,
      addBalanceParams.encode(this.miner),
      fil,
    )
  }

  /** Publishes one deal of a whole 2KiB sector. */
  async publish(seed: number, label: string | Uint8Array = `deal ${seed}`): Promise<Deal> {
    const head = await this.chain.head()
    const startEpoch = head.height + 5_760
    const bounds = await this.chain.collateralBounds(paddedSize(2048n), false)
    const commP = new Uint8Array(32).fill(seed % 63)
    const proposal = {
      pieceCid: pieceCid(commP),
      pieceSize: paddedSize(2048n),
      verifiedDeal: false,
      client: this.client,
      provider: this.miner,
      label,
      startEpoch: epoch(startEpoch),
      endEpoch: epoch(startEpoch + 518_400),
      storagePricePerEpoch: attoFil(1000n),
      providerCollateral: bounds.min,
      clientCollateral: attoFil(0n),
    }
    const bytes = Buffer.from(dealProposal.encode(proposal)).toString('base64')
    const clientSignature = shapes.signature.read(
      await this.rpc('Filecoin.WalletSign', this.client, bytes),
      'signature',
    )
    const published = await this.send(
      this.worker,
      marketActor,
      marketMethods.PublishStorageDeals,
      publishStorageDealsParams.encode({
        deals: [clientDealProposal.decode(clientDealProposal.encode({ proposal, clientSignature }))],
      }),
    )
    const [id] = publishStorageDealsReturn.decode(published.receipt.return).ids
    if (id === undefined) throw new Error('no deal was published')
    return { id, pieceCid: proposal.pieceCid, startEpoch, endEpoch: proposal.endEpoch }
  }

  /** PreCommit, seed, ProveCommit; the time of a C2 between them. */
  async seal(sector: number, deal?: Deal, c2Ms = 0): Promise<void> {
    await this.preCommit(sector, deal)
    await this.proveCommit(sector, deal, c2Ms)
  }

  async preCommit(sector: number, deal?: Deal): Promise<void> {
    const head = await this.chain.head()
    const commR = sealedCid(new Uint8Array(32).fill(sector + 1))
    const info = {
      sealProof: 5,
      sectorNumber: sector,
      sealedCid: commR,
      sealRandEpoch: epoch(head.height - 900),
      dealIds: [],
      expiration: epoch(
        Math.max(
          deal?.endEpoch ?? 0,
          head.height + policy.maxProveCommitDuration + policy.minSectorExpiration + 200,
        ),
      ),
      unsealedCid: deal?.pieceCid ?? null,
    }
    const deposit = await this.chain.preCommitDeposit(this.miner, {
      ...info,
      unsealedCid: info.unsealedCid ?? undefined,
    })
    await this.send(
      this.worker,
      this.miner,
      minerMethods.PreCommitSectorBatch2,
      preCommitSectorBatchParams2.encode({ sectors: [info] }),
      deposit,
    )
  }

  async proveCommit(sector: number, deal?: Deal, c2Ms = 0): Promise<void> {
    const onChain = await this.until('the precommit is on chain', () =>
      this.chain.preCommitInfo(this.miner, sector),
    )
    await this.until(
      'the seed is there',
      async () =>
        (await this.chain.head()).height > onChain.preCommitEpoch + policy.preCommitChallengeDelay + 6,
    )
    await new Promise((resolve) => setTimeout(resolve, c2Ms))
    const pledge = await this.chain.initialPledge({ durationEpochs: 518_400, sectorSize: 2048n })
    await this.send(
      this.worker,
      this.miner,
      minerMethods.ProveCommitSectors3,
      proveCommitSectors3Params.encode({
        sectorActivations: [
          {
            sectorNumber: sector,
            pieces:
              deal === undefined
                ? []
                : [
                    {
                      cid: deal.pieceCid,
                      size: paddedSize(2048n),
                      verifiedAllocationKey: null,
                      notify: [{ address: marketActor, payload: uint.encode(deal.id) }],
                    },
                  ],
          },
        ],
        sectorProofs: [new Uint8Array(192).fill(1)],
        aggregateProof: new Uint8Array(),
        aggregateProofType: null,
        requireActivationSuccess: true,
        requireNotificationSuccess: true,
      }),
      pledge,
    )
  }

  /** Proves whatever the open deadline owes, as long as `signal` lets it; `postMs` is what a proof takes. */
  async watchDeadlines(signal: AbortSignal, postMs = 0): Promise<void> {
    const done = new Set<number>()
    for await (const changes of this.chain.notify(signal)) {
      const head = changes.at(-1)?.tipSet
      if (head === undefined) continue
      const deadline = await this.chain.provingDeadline(this.miner, head.key)
      if (done.has(deadline.open) || head.height < deadline.open + 1) continue
      const partitions = await this.chain.partitions(this.miner, deadline.index, head.key)
      const owing = [...partitions.entries()].filter(
        ([, one]) => !one.liveSectors.subtract(one.faultySectors).isEmpty || !one.recoveringSectors.isEmpty,
      )
      if (owing.length === 0) continue
      done.add(deadline.open)
      await new Promise((resolve) => setTimeout(resolve, postMs))
      const rand = await this.chain.ticketRandomness(
        randomnessTags.PoStChainCommit,
        deadline.challenge,
        new Uint8Array(),
        head.key,
      )
      await this.send(
        this.control,
        this.miner,
        minerMethods.SubmitWindowedPoSt,
        submitWindowedPostParams.encode({
          deadline: deadline.index,
          partitions: owing.map(([index, one]) => ({
            index,
            skipped: one.faultySectors.subtract(one.recoveringSectors),
          })),
          proofs: [{ postProof: 10, proofBytes: new Uint8Array(192).fill(2) }],
          chainCommitEpoch: deadline.challenge,
          chainCommitRand: rand,
        }),
      )
    }
  }

  async until<T>(what: string, look: () => Promise<T>, deadlineMs = 20_000): Promise<NonNullable<T>> {
    const end = Date.now() + deadlineMs
    let last: T | undefined
    for (;;) {
      last = await look()
      if (last !== undefined && last !== null && last !== false) return last as NonNullable<T>
      if (Date.now() > end) throw new Error(`waited ${deadlineMs} ms until ${what}; last: ${String(last)}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}

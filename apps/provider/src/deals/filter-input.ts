import { type Address, formatAddress } from '@sealane/actors'
import type { DealParams } from '@sealane/market'

/** What the operator's filter is told besides the deal. Money in attoFIL, sizes in bytes. */
export interface FilterWorld {
  readonly network: 'f' | 't'
  /** How many sectors of our deals are in each state, by the operators' words. */
  readonly sectorStates: Readonly<Record<string, number>>
  /** Market escrow, and what accepted deals will yet lock of it. */
  readonly escrow: { readonly tagged: bigint; readonly available: bigint; readonly locked: bigint }
  /** The miner's worker key: it adds collateral and publishes. */
  readonly worker: { readonly address: Address; readonly balance: bigint }
  readonly staging: { readonly total: number; readonly tagged: number; readonly staged: number }
}

/**
 * The JSON that a filter reads, key for key what filters written for Boost expect: secrets in the transfer's parameters
 * are left out, the format's version is theirs.
 * Source: filecoin-project/boost@v2.5.2 storagemarket/dealfilter/cli.go:22-62; keys and order as recorded.
 */
export function filterInput(params: DealParams, world: FilterWorld): string {
  const { clientDealProposal, transfer } = params
  const { proposal, clientSignature } = clientDealProposal
  const spelled = (address: Address) => formatAddress(address, world.network)
  return JSON.stringify({
    DealUUID: params.dealUuid,
    IsOffline: params.isOffline,
    ClientDealProposal: {
      Proposal: {
        PieceCID: { '/': proposal.pieceCid },
        PieceSize: Number(proposal.pieceSize),
        VerifiedDeal: proposal.verifiedDeal,
        Client: spelled(proposal.client),
        Provider: spelled(proposal.provider),
        Label: typeof proposal.label === 'string' ? proposal.label : base64(proposal.label),
        StartEpoch: proposal.startEpoch,
        EndEpoch: proposal.endEpoch,
        StoragePricePerEpoch: proposal.storagePricePerEpoch.toString(),
        ProviderCollateral: proposal.providerCollateral.toString(),
        ClientCollateral: proposal.clientCollateral.toString(),
      },
      ClientSignature: { Type: clientSignature.type, Data: base64(clientSignature.data) },
    },
    DealDataRoot: { '/': params.dealDataRoot },
    Transfer: { Type: transfer.type, ClientID: transfer.clientId, Params: '', Size: Number(transfer.size) },
    RemoveUnsealedCopy: params.removeUnsealedCopy,
    SkipIPNIAnnounce: params.skipIpniAnnounce,
    SealingPipelineState: { SectorStates: world.sectorStates, Workers: [] },
    FundsState: {
      Escrow: {
        Tagged: world.escrow.tagged.toString(),
        Available: world.escrow.available.toString(),
        Locked: world.escrow.locked.toString(),
      },
      Collateral: { Address: spelled(world.worker.address), Balance: world.worker.balance.toString() },
      PubMsg: {
        Address: spelled(world.worker.address),
        Balance: world.worker.balance.toString(),
        Tagged: '0',
      },
    },
    StorageState: {
      TotalAvailable: world.staging.total,
      Tagged: world.staging.tagged,
      Staged: world.staging.staged,
      Free: Math.max(0, world.staging.total - world.staging.tagged - world.staging.staged),
    },
    DealType: 'storage',
    FormatVersion: '2.2.0',
    // The name that filters know this format by.
    Agent: 'boost',
  })
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

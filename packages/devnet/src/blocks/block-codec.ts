import {
  address,
  array,
  bigInt,
  bigIntBytes,
  bytes,
  type Cid,
  type Codec,
  cid,
  dagCborCid,
  int,
  mapped,
  nullable,
  signature,
  tuple,
  uint,
} from '@sealane/actors'
import type { BlockHeader } from '@sealane/chain'
import { epoch } from '@sealane/fil-units'

const wireHeader = tuple({
  miner: address,
  ticket: nullable(tuple({ vrfProof: bytes })),
  electionProof: nullable(tuple({ winCount: int, vrfProof: bytes })),
  beaconEntries: array(tuple({ round: uint, data: bytes })),
  winPoStProof: array(tuple({ postProof: int, proofBytes: bytes })),
  parents: array(cid),
  parentWeight: bigInt,
  height: int,
  parentStateRoot: cid,
  parentMessageReceipts: cid,
  messages: cid,
  blsAggregate: nullable(signature),
  timestamp: uint,
  blockSig: nullable(signature),
  forkSignaling: uint,
  parentBaseFee: bigIntBytes,
})

/** A block header as blocks are hashed: an array of 16. Source: filecoin-project/lotus chain/types/blockheader.go. */
export const blockHeaderCodec: Codec<BlockHeader> = mapped(
  wireHeader,
  ({ ticket, electionProof, blsAggregate, blockSig, ...rest }) => ({
    ...rest,
    height: epoch(rest.height),
    ...(ticket === null ? {} : { ticket }),
    ...(electionProof === null ? {} : { electionProof }),
    ...(blsAggregate === null ? {} : { blsAggregate }),
    ...(blockSig === null ? {} : { blockSig }),
  }),
  ({ ticket = null, electionProof = null, blsAggregate = null, blockSig = null, ...rest }) => ({
    ...rest,
    ticket,
    electionProof,
    blsAggregate,
    blockSig,
  }),
)

export function blockCid(header: BlockHeader): Cid {
  return dagCborCid(blockHeaderCodec.encode(header))
}

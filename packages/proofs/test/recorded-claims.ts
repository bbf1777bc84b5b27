import {
  base16,
  commitmentOf,
  parseCid,
  proveCommitSectors3Params,
  proveReplicaUpdates3Params,
  submitWindowedPostParams,
} from '@sealane/actors'
import { lotusMessageFiles, lotusRecording } from '@sealane/recordings'
import type { SealedSector } from '../src/index.js'
import type { SealClaim, Verifier } from '../src/verifier.js'

interface Link {
  '/': string
}
interface ProofInputs {
  preCommits: { SectorNumber: number; SealedCID: Link; UnsealedCid: Link | null }[]
  genesisSectors: { SectorNumber: number; SealedCID: Link }[]
  partitions: {
    challenge: number
    partitions: { partition: number; all: number[]; faulty: number[]; recovering: number[]; live: number[] }[]
  }[]
}
interface Draw {
  kind: string
  sector?: number
  deadline?: number
  epoch: number
  resultHex: string
}
interface Message {
  name: string
  actor: string
  method: number
  paramsHex: string
  receipt: { ExitCode: number }
  messageCid: string
  lookup: { Height: number }
}

/** A call of the verifier as a recorded message makes it, and what the chain said to it. */
export type RecordedClaim = { name: string; holds: boolean } & {
  [Method in keyof Verifier]: { method: Method; claim: Parameters<Verifier[Method]>[0] }
}[keyof Verifier]

const minerId = 1000
const sectorSize = 2048n
/** CommD of a 2KiB sector of zeros. Source: filecoin-project/go-commp-utils zerocomm. */
const zeroCommD = base16.decode('fc7e928296e516faade986b28f92d44a4f24b935485223376a799027bc18f833')

const inputs = lotusRecording<ProofInputs>('proof-inputs.json')
const draws = lotusRecording<{ items: Draw[] }>('randomness.json').items
const messages = lotusMessageFiles()
  .map((file) => lotusRecording<Message>(`messages/${file}`))
  .filter(({ actor }) => actor === 'storageminer')

const commitment = (link: Link): Uint8Array => commitmentOf(parseCid(link['/']))

function only<T>(what: string, found: T | undefined): T {
  if (found === undefined) throw new Error(`${what} was not recorded`)
  return found
}

function drawn(kind: string, wanted: (draw: Draw) => boolean): Uint8Array {
  const draw = draws.find((one) => one.kind === kind && wanted(one))
  return base16.decode(only(kind, draw).resultHex)
}

function sealClaim(sectorNumber: number): SealClaim {
  const preCommit = only(
    `the pre-commit of sector ${sectorNumber}`,
    inputs.preCommits.find((one) => one.SectorNumber === sectorNumber),
  )
  return {
    sector: { minerId, sectorNumber, sectorSize },
    commR: commitment(preCommit.SealedCID),
    commD: preCommit.UnsealedCid === null ? zeroCommD : commitment(preCommit.UnsealedCid),
    ticket: drawn('sealTicket', ({ sector }) => sector === sectorNumber),
    seed: drawn('porepSeed', ({ sector }) => sector === sectorNumber),
  }
}

function proveCommits({ name, paramsHex, receipt }: Message): RecordedClaim[] {
  const params = proveCommitSectors3Params.decode(base16.decode(paramsHex))
  const claims = params.sectorActivations.map(({ sectorNumber }) => sealClaim(sectorNumber))
  const holds = receipt.ExitCode === 0
  if (params.aggregateProof.length > 0) {
    return [{ name, holds, method: 'verifyAggregateSeals', claim: { claims, proof: params.aggregateProof } }]
  }
  return claims.map((claim, at) => {
    const proof = only('a proof for each sector', params.sectorProofs[at])
    return { name, holds, method: 'verifySeal', claim: { ...claim, proof } }
  })
}

interface Update {
  sector: number
  landedAt: number
  oldCommR: Uint8Array
  newCommR: Uint8Array
  newCommD: Uint8Array
  proof: Uint8Array
}

function updatesOf({ paramsHex, lookup }: Message): Update[] {
  const params = proveReplicaUpdates3Params.decode(base16.decode(paramsHex))
  return params.sectorUpdates.map(({ sector, newSealedCid, pieces }, at) => {
    const piece = only('a piece', pieces[0])
    // One piece fills the sector, so its commitment is the sector's.
    if (piece.size !== sectorSize) throw new Error(`the piece of sector ${sector} does not fill it`)
    return {
      sector,
      landedAt: lookup.Height,
      oldCommR: sealClaim(sector).commR,
      newCommR: commitmentOf(newSealedCid),
      newCommD: commitmentOf(piece.cid),
      proof: only('a proof for each sector', params.sectorProofs[at]),
    }
  })
}

const updates = messages
  .filter(({ method, receipt }) => method === 35 && receipt.ExitCode === 0)
  .flatMap((message) => updatesOf(message))

/** A sector's CommR on chain at an epoch. */
function sealedAt(sectorNumber: number, epoch: number): SealedSector {
  const update = updates.find(({ sector, landedAt }) => sector === sectorNumber && landedAt <= epoch)
  const genesis = inputs.genesisSectors.find((one) => one.SectorNumber === sectorNumber)
  const commR = genesis === undefined ? sealClaim(sectorNumber).commR : commitment(genesis.SealedCID)
  return { sectorNumber, commR: update?.newCommR ?? commR }
}

/** The sectors a WindowPoSt is over: the first provable one stands in for each that is not. */
function windowPosts({ name, paramsHex, receipt, lookup }: Message): RecordedClaim[] {
  const params = submitWindowedPostParams.decode(base16.decode(paramsHex))
  const challenge = draws.findLast(
    ({ kind, deadline, epoch }) =>
      kind === 'windowPoStChallenge' && deadline === params.deadline && epoch < lookup.Height,
  )
  const holds = receipt.ExitCode === 0
  const proof = Uint8Array.from(params.proofs.flatMap(({ proofBytes }) => [...proofBytes]))
  // The false one names a deadline of which nothing was recorded: it is held against the sectors of another.
  const { epoch, resultHex } =
    challenge ?? only('a challenge', holds ? undefined : draws.findLast(isChallenge))
  const snapshot = inputs.partitions.find((one) => one.challenge === epoch)
  const sectors = params.partitions.flatMap(({ index, skipped }) => {
    const partition = only('the partition', snapshot?.partitions[index])
    const provable = (sector: number) =>
      partition.live.includes(sector) &&
      !skipped.has(sector) &&
      (!partition.faulty.includes(sector) || partition.recovering.includes(sector))
    const substitute = only('a provable sector', partition.all.find(provable))
    return partition.all.map((sector) => sealedAt(provable(sector) ? sector : substitute, epoch))
  })
  const claim = { minerId, sectorSize, randomness: base16.decode(resultHex), proof, sectors }
  return [{ name, holds, method: 'verifyWindowPost', claim }]
}

const isChallenge = ({ kind }: Draw): boolean => kind === 'windowPoStChallenge'

/** Every proof in the recorded messages. */
export const recordedClaims: RecordedClaim[] = messages.flatMap((message): RecordedClaim[] => {
  if (message.method === 34) return proveCommits(message)
  if (message.method === 5) return windowPosts(message)
  if (message.method !== 35) return []
  return updatesOf(message).map(({ sector: _, landedAt: __, ...update }) => ({
    name: message.name,
    holds: true,
    method: 'verifyUpdate',
    claim: { ...update, sectorSize },
  }))
})

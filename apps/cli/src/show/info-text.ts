import {
  type AttoFil,
  attoFil,
  formatDecimal,
  formatDuration,
  formatFilShort,
  formatSize,
} from '@sealane/fil-units'
import { share } from './power-text.js'

export interface MinerOverview {
  readonly miner: string
  readonly sectorSize: bigint
  /** How old the head is. Unit: s. */
  readonly behindSeconds: number
  readonly blockDelaySeconds: number
  readonly baseFee: AttoFil
  readonly rawPower: bigint
  readonly qualityPower: bigint
  readonly networkRawPower: bigint
  readonly networkQualityPower: bigint
  /** Sectors on chain, of them proven ones, of them faulty ones. */
  readonly live: number
  readonly active: number
  readonly faulty: number
  readonly balance: AttoFil
  /** undefined: the node does not tell the miner actor's own state. */
  readonly locked: { preCommit: AttoFil; pledge: AttoFil; vesting: AttoFil } | undefined
  readonly available: AttoFil
  readonly escrow: AttoFil
  readonly escrowLocked: AttoFil
  readonly worker: AttoFil
  /** undefined: there is no control address. */
  readonly control: AttoFil | undefined
  readonly beneficiary: string
  /** Sectors here, by state. */
  readonly sectors: readonly (readonly [string, number])[]
  readonly sealWorkers: number
  readonly postWorkers: number
}

/** `info`. Source: filecoin-project/lotus cmd/lotus-miner/info.go, as recorded; without what concerns making blocks. */
export function infoText(o: MinerOverview): string {
  const free = attoFil(o.escrow - o.escrowLocked)
  const spendable = attoFil(o.available + free + o.worker + (o.control ?? 0n))
  const bytes = (sectors: number) => formatSize(BigInt(sectors) * o.sectorSize)
  const faulty =
    o.faulty === 0
      ? ''
      : ` (${bytes(o.faulty)} Faulty, ${((o.faulty * 100) / Math.max(1, o.live)).toFixed(2)}%)`
  const total = o.sectors.reduce((sum, [, count]) => sum + count, 0)
  return [
    `Chain: ${syncMark(o)} [basefee ${formatFilShort(o.baseFee)}]`,
    `Miner: ${o.miner} (${formatSize(o.sectorSize)} sectors)`,
    `Power: ${formatDecimal(o.qualityPower)} / ${formatDecimal(o.networkQualityPower)} (${share(o.qualityPower, o.networkQualityPower)})`,
    `\tRaw: ${formatSize(o.rawPower)} / ${formatSize(o.networkRawPower)} (${share(o.rawPower, o.networkRawPower)})`,
    `\tCommitted: ${bytes(o.live)}`,
    `\tProving: ${bytes(o.active)}${faulty}`,
    '',
    `Miner Balance:    ${formatFilShort(o.balance)}`,
    ...(o.locked === undefined
      ? []
      : [
          `      PreCommit:  ${formatFilShort(o.locked.preCommit)}`,
          `      Pledge:     ${formatFilShort(o.locked.pledge)}`,
          `      Vesting:    ${formatFilShort(o.locked.vesting)}`,
        ]),
    `      Available:  ${formatFilShort(o.available)}`,
    `Market Balance:   ${formatFilShort(o.escrow)}`,
    `       Locked:    ${formatFilShort(o.escrowLocked)}`,
    `       Available: ${formatFilShort(free)}`,
    `Worker Balance:   ${formatFilShort(o.worker)}`,
    ...(o.control === undefined ? [] : [`       Control:   ${formatFilShort(o.control)}`]),
    `Total Spendable:  ${formatFilShort(spendable)}`,
    '',
    `Beneficiary:\t${o.beneficiary}`,
    '',
    'Sectors:',
    `\tTotal: ${total}`,
    ...o.sectors.map(([state, count]) => `\t${state}: ${count}`),
    '',
    `Workers: Seal(${o.sealWorkers}) WdPoSt(${o.postWorkers})`,
    '',
  ].join('\n')
}

/** Source: filecoin-project/lotus cli/info.go (SyncBasefeeCheck). */
function syncMark({ behindSeconds, blockDelaySeconds }: MinerOverview): string {
  if (behindSeconds < (blockDelaySeconds * 3) / 2) return '[sync ok]'
  const behind = `${formatDuration(behindSeconds * 1000)} behind`
  return behindSeconds < blockDelaySeconds * 5 ? `[sync slow (${behind})]` : `[sync behind! (${behind})]`
}

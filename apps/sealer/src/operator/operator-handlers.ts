import type { OperatorHandlers, sealerOperator } from '@sealane/proto'
import { readLimits } from '../admission/limits.js'
import type { OperatorTools } from './operator-tools.js'
import { pieceHandlers } from './piece-handlers.js'
import { sealingHandlers } from './sealing-handlers.js'
import { sectorHandlers } from './sector-handlers.js'

/** The sealer's part of the operator API. */
export function operatorHandlers(tools: OperatorTools): OperatorHandlers<typeof sealerOperator> {
  const { facts, health, store } = tools
  return {
    health: async () => health.report(),
    status: async () => ({
      miner: facts.miner?.address ?? '',
      sectorSize: String(facts.miner?.sectorSizeBytes ?? 0),
      headEpoch: facts.headEpoch ?? null,
      limits: await readLimits(store.db),
    }),
    ...pieceHandlers(tools),
    ...sectorHandlers(tools),
    ...sealingHandlers(tools),
  }
}

import { join } from 'node:path'
import { type OperatorClient, operatorClient } from '@sealane/host'
import { minerOperator, providerOperator, sealerOperator } from '@sealane/proto'
import { runtimeDir } from './run-state.js'

export type ProviderClient = OperatorClient<typeof providerOperator>
export type SealerClient = OperatorClient<typeof sealerOperator>
export type MinerClient = OperatorClient<typeof minerOperator>

/** Clients of the three apps' operator sockets in one runtime directory; an app that is away answers NOT_RUNNING (`retry`). */
export function operators(dir = runtimeDir()): {
  provider: ProviderClient
  sealer: SealerClient
  miner: MinerClient
} {
  return {
    provider: operatorClient(providerOperator, { socketPath: join(dir, 'provider.sock') }),
    sealer: operatorClient(sealerOperator, { socketPath: join(dir, 'sealer.sock') }),
    miner: operatorClient(minerOperator, { socketPath: join(dir, 'miner.sock') }),
  }
}

import { Module, type Provider } from '@nestjs/common'
import { CONFIG, createQueues, Health, Log, liveIdentity, tlsOptions } from '@sealane/host'
import type { MinerConfig } from './config.js'
import { MinerLife } from './miner-life.js'
import { minerProviders } from './miner-providers.js'
import { MinerOperator } from './operator/operator-handlers.js'
import { version } from './version.js'
import { PostQueue, WindowPostOptions, windowPostProviders } from './window-post/index.js'

/** What window-post/ needs of this app. */
const proving: Provider[] = [
  {
    provide: PostQueue,
    inject: [CONFIG, Log, Health],
    useFactory: (config: MinerConfig, log: Log, health: Health) => {
      const tls = tlsOptions(liveIdentity(config.tls.dir, 'miner', { health, log }))
      return createQueues({
        url: config.home.redis_url,
        name: 'home',
        tls,
        tlsRequired: config.tls.required,
        log,
        health,
      })
    },
  },
  {
    provide: WindowPostOptions,
    inject: [CONFIG],
    useFactory: ({ paths, proving }: MinerConfig) =>
      Object.assign(new WindowPostOptions(), {
        stateDir: paths.state_dir,
        version,
        vanillaBudgetMs: proving.vanilla_budget,
        recoveryLeadMs: proving.recovery_lead,
        faultCheckLeadMs: proving.fault_check_lead,
        submitConfidenceEpochs: proving.submit_confidence,
      }),
  },
]

/** Signs, owns nonces and sector numbers, sends messages and meets WindowPoSt deadlines. Does not seal, and never meets a client. */
@Module({ providers: [...minerProviders, ...proving, ...windowPostProviders, MinerOperator, MinerLife] })
export class MinerModule {}

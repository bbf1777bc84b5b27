import { type DynamicModule, Inject, Module } from '@nestjs/common'
import { Log } from '../log/log.js'
import { Health } from './health.js'
import { Metrics } from './metrics.js'

/** The injection token of an app's configuration values. */
export const CONFIG = Symbol('sealane.config')

/** Injects the configuration: `constructor (@InjectConfig() private readonly config: SealerConfig)`. */
export function InjectConfig(): ReturnType<typeof Inject> {
  return Inject(CONFIG)
}

/** Holds what every module may inject without importing: Log, Health, Metrics and the configuration. */
@Module({})
class HostModule {}

/** The module itself, global; runApp brings it, tests of a module may import it. */
export function hostModule(o: {
  log: Log
  health: Health
  metrics: Metrics
  config: unknown
}): DynamicModule {
  const providers = [
    { provide: Log, useValue: o.log },
    { provide: Health, useValue: o.health },
    { provide: Metrics, useValue: o.metrics },
    { provide: CONFIG, useValue: o.config },
  ]
  return { module: HostModule, global: true, providers, exports: [Log, Health, Metrics, CONFIG] }
}

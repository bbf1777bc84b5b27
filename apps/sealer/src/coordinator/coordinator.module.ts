import { Injectable, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common'
import { Health, InjectConfig, Log } from '@sealane/host'
import type { SealerSettings } from '../config.js'
import { Coordinator } from './coordinator.js'

/** Starts the coordinator with the application and ends it with it. */
@Injectable()
export class CoordinatorLife implements OnApplicationBootstrap, OnApplicationShutdown {
  #running: Coordinator | undefined

  constructor(
    @InjectConfig() private readonly config: SealerSettings,
    private readonly log: Log,
    private readonly health: Health,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.#running = await Coordinator.start(this.config, this.log, this.health)
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#running?.stop()
  }
}

/** Takes pieces in, packs sectors and walks each through its life. Does not sign, does not touch nonces, runs no proof. */
@Module({ providers: [CoordinatorLife] })
export class CoordinatorModule {}

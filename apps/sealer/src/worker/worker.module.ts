import { Injectable, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common'
import { Health, InjectConfig, Log } from '@sealane/host'
import type { WorkerConfig } from '../config.js'
import { Worker } from './worker.js'

/** Starts the worker with the application and ends it with it. */
@Injectable()
export class WorkerLife implements OnApplicationBootstrap, OnApplicationShutdown {
  #running: Worker | undefined

  constructor(
    @InjectConfig() private readonly config: WorkerConfig,
    private readonly log: Log,
    private readonly health: Health,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.#running = await Worker.start(this.config, this.log, this.health)
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#running?.stop()
  }
}

/** Does claimed work on its storage paths. Holds no database and decides nothing. */
@Module({ providers: [WorkerLife] })
export class WorkerModule {}

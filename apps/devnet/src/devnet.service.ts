import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common'
import { createDevnet, type Devnet } from '@sealane/devnet'
import { attoFil } from '@sealane/fil-units'
import { Health, hostAndPort, InjectConfig, Log } from '@sealane/host'
import { createVerifier, devnetKeySet } from '@sealane/proofs'
import type { DevnetConfig } from './config.js'

/** Runs the embedded chain for as long as the process lives. The chain itself is packages/devnet. */
@Injectable()
export class DevnetService implements OnApplicationBootstrap, OnApplicationShutdown {
  #devnet: Devnet | undefined

  constructor(
    @InjectConfig() private readonly config: DevnetConfig,
    private readonly log: Log,
    private readonly health: Health,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { paths, rpc, clock, genesis, proofs } = this.config
    const keySet = devnetKeySet(proofs.cache_dir)
    const devnet = await createDevnet({
      dataDir: paths.state_dir,
      keySetDigest: keySet.digest,
      verifier: await createVerifier({ keySet }),
      listen: hostAndPort(rpc.listen),
      clock: { mode: clock.mode, holdLimitMs: clock.hold_limit },
      blockDelaySeconds: clock.block_delay / 1000,
      faucetBalance: attoFil(BigInt(genesis.faucet_fil) * 10n ** 18n),
      log: this.log.child({ room: 'chain' }),
    })
    this.#devnet = devnet
    this.health.room('chain').green()
    this.log.info('the devnet is up', {
      network: devnet.networkName,
      listen: `${devnet.host}:${devnet.port}`,
      head: devnet.node.head.header.height,
      clock: clock.mode,
    })
    void devnet.shutdownAsked.then(() => process.kill(process.pid, 'SIGTERM'))
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#devnet?.close()
  }
}

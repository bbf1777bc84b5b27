import { Injectable } from '@nestjs/common'
import { randomnessTags } from '@sealane/actors'
import { ChainPort } from '@sealane/chain'
import { epoch } from '@sealane/fil-units'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { MinerActor } from '../network/miner-actor.js'
import { Network } from '../network/network.js'

export interface Ticket {
  readonly epoch: number
  /** 32 bytes. */
  readonly ticket: Uint8Array
  /** Last head epoch at which a PreCommit with this ticket is valid. */
  readonly expiresEpoch: number
  readonly headEpoch: number
}

/** Draws seal randomness at head − 900. A young chain gives a negative epoch: it is real and never clamped. */
@Injectable()
export class DrawTicket {
  constructor(
    private readonly chain: ChainPort,
    private readonly watch: ChainWatch,
    private readonly network: Network,
    private readonly actor: MinerActor,
  ) {}

  async draw(): Promise<Ticket> {
    const { policy } = this.network.require()
    const { entropy } = await this.actor.require()
    const head = this.watch.requireHead()
    const ticketEpoch = epoch(head.height - policy.sealRandomnessLookback)
    const ticket = await this.chain.ticketRandomness(
      randomnessTags.SealRandomness,
      ticketEpoch,
      entropy,
      head.key,
    )
    return {
      epoch: ticketEpoch,
      ticket,
      expiresEpoch: ticketEpoch + policy.maxPreCommitRandomnessLookback,
      headEpoch: head.height,
    }
  }
}

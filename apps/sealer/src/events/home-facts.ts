/** What the coordinator knows of its miner and chain; all of it from the miner app. */
export class HomeFacts {
  #miner:
    | { id: number; address: string; networkName: string; sectorSizeBytes: number; keySetDigest: string }
    | undefined
  #headEpoch: number | undefined

  /** The miner actor this sealer works for; undefined until the miner app says it exists. */
  get miner() {
    return this.#miner
  }

  /** Last head the miner told of; undefined before the first. */
  get headEpoch(): number | undefined {
    return this.#headEpoch
  }

  learnMiner(miner: NonNullable<HomeFacts['miner']>): void {
    this.#miner = miner
  }

  learnHead(epoch: number): void {
    this.#headEpoch = epoch
  }
}

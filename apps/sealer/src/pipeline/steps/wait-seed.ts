import type { Step } from '../step.js'

/** seedReady moves it. */
export const waitSeed: Step = async (sector, _pieces, tools) => {
  const now = tools.facts.headEpoch
  return {
    wait: {
      for: `the seed of epoch ${sector.seed_epoch ?? '?'}${now === undefined ? '' : `, now ${now}`}`,
      who: 'chain',
      untilEpoch: sector.seed_epoch,
    },
    wakeInMs: null,
  }
}

import type { BatchRules } from './batch-due.js'
import type { DealTerms } from './judge-proposal.js'

export class PublishOptions {
  constructor(
    readonly batch: BatchRules,
    readonly terms: DealTerms,
  ) {}
}

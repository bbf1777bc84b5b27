import type { workV1 } from '@sealane/proto'

/** No claim, and why. */
export function refused(reason: string): workV1.ClaimResponse {
  return { claimId: '', reason, leaseMs: 0, task: undefined }
}

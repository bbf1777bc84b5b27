import { policy } from '../policy.js'
import { abort } from '../run/actor-abort.js'
import { exitCode } from '../run/exit-code.js'

/** A sector must live long enough, not end too far ahead and not live too long. `activation` is the latest possible. */
export function validateExpiration(now: number, activation: number, expiration: number): void {
  const lifetime = expiration - activation
  const refuse = (text: string): never => abort(exitCode.illegalArgument, text)
  if (lifetime <= 0) refuse(`sector expiration ${expiration} must be after activation ${activation}`)
  if (lifetime < policy.minSectorExpiration) {
    const rule = `must exceed ${policy.minSectorExpiration} after activation ${activation}`
    refuse(`invalid expiration ${expiration}, total sector lifetime (${lifetime}) ${rule}`)
  }
  if (expiration > now + policy.maxSectorExpirationExtension) {
    const rule = `cannot be more than ${policy.maxSectorExpirationExtension} past current epoch ${now}`
    refuse(`invalid expiration ${expiration}, ${rule}`)
  }
  if (lifetime > policy.maxSectorLifetime) {
    const rule = `cannot exceed ${policy.maxSectorLifetime} after activation ${activation}`
    refuse(`invalid expiration ${expiration}, total sector lifetime (${lifetime}) ${rule}`)
  }
}

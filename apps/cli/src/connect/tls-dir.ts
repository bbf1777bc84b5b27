import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { sealaneHome } from './run-state.js'

/** Where certificates are: `--dir`, `$SEALANE_TLS_DIR`, the running stack's, or the packaged default. */
export function tlsDir(env: Readonly<Record<string, string | undefined>>, given?: string): string {
  if (given !== undefined) return given
  if (env.SEALANE_TLS_DIR !== undefined) return env.SEALANE_TLS_DIR
  const own = join(sealaneHome(env), 'tls')
  return existsSync(join(own, 'ca.crt')) ? own : '/etc/sealane/tls'
}

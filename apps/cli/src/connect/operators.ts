import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type OperatorClient, type OperatorTarget, operatorClient } from '@sealane/host/client'
import { minerOperator, providerOperator, sealerOperator } from '@sealane/proto'
import { CliError } from '../cli-error.js'
import { runtimeDir } from './run-state.js'

export type ProviderClient = OperatorClient<typeof providerOperator>
export type SealerClient = OperatorClient<typeof sealerOperator>
export type MinerClient = OperatorClient<typeof minerOperator>

interface Clients {
  provider: ProviderClient
  sealer: SealerClient
  miner: MinerClient
}

const catalogues = { provider: providerOperator, sealer: sealerOperator, miner: minerOperator }

/** Clients of the three apps' operator sockets in one runtime directory; an app that is away answers NOT_RUNNING (`retry`). */
export function operators(dir = runtimeDir()): Clients {
  const at = (app: keyof Clients): OperatorTarget => ({ socketPath: join(dir, `${app}.sock`) })
  return {
    provider: operatorClient(providerOperator, at('provider')),
    sealer: operatorClient(sealerOperator, at('sealer')),
    miner: operatorClient(minerOperator, at('miner')),
  }
}

/**
 * A client of one app: over TCP when `SEALANE_<APP>_API_INFO=TOKEN:URL` says where (`SEALANE_CA` names the authority's PEM file
 * for https), else by its socket in the runtime directory. Throws CliError USAGE when the variable is malformed.
 */
export function operatorOf<App extends keyof Clients>(
  app: App,
  env: Readonly<Record<string, string | undefined>>,
): Clients[App] {
  const name = `SEALANE_${app.toUpperCase()}_API_INFO`
  const info = env[name]
  const target =
    info === undefined ? { socketPath: join(runtimeDir(env), `${app}.sock`) } : remote(name, info, env)
  return operatorClient(catalogues[app] as never, target) as unknown as Clients[App]
}

function remote(
  name: string,
  info: string,
  env: Readonly<Record<string, string | undefined>>,
): OperatorTarget {
  const [, token, url] = /^([^:/\s]+):(https?:\/\/\S+)$/.exec(info) ?? []
  if (token === undefined || url === undefined) {
    throw new CliError(
      { code: 'USAGE', reason: name },
      `${name} is not TOKEN:URL, such as eyJ…:https://provider.example:7411`,
    )
  }
  const authority = env.SEALANE_CA === undefined ? undefined : readFileSync(env.SEALANE_CA, 'utf8')
  return { url, token, ...(authority === undefined ? {} : { authority }) }
}

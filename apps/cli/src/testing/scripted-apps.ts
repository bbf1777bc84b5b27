import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serveOperator } from '@sealane/host'
import {
  minerOperator,
  type OperatorApi,
  type OperatorHandlers,
  providerOperator,
  sealerOperator,
} from '@sealane/proto'
import { onTestFinished } from 'vitest'

interface Scripts {
  provider?: Partial<OperatorHandlers<typeof providerOperator>>
  sealer?: Partial<OperatorHandlers<typeof sealerOperator>>
  miner?: Partial<OperatorHandlers<typeof minerOperator>>
}

/** Real operator servers on unix sockets whose handlers return recorded rows; the environment that finds them. */
export async function scriptedApps(scripts: Scripts): Promise<{ SEALANE_RUNTIME_DIR: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'sealane-cli-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const serve = async <Api extends OperatorApi>(
    app: string,
    api: Api,
    handlers: Partial<OperatorHandlers<Api>>,
  ) => {
    const server = await serveOperator({
      api,
      handlers: handlers as OperatorHandlers<Api>,
      socketPath: join(dir, `${app}.sock`),
    })
    onTestFinished(async () => await server.close())
  }
  if (scripts.provider) await serve('provider', providerOperator, scripts.provider)
  if (scripts.sealer) await serve('sealer', sealerOperator, scripts.sealer)
  if (scripts.miner) await serve('miner', minerOperator, scripts.miner)
  return { SEALANE_RUNTIME_DIR: dir }
}

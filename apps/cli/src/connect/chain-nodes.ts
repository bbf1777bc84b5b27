import { CliError } from '../cli-error.js'
import { readRunState, sealaneHome } from './run-state.js'

type Env = Readonly<Record<string, string | undefined>>

/** The chain nodes to ask: `$FULLNODE_API_INFO`, or the running stack's devnet. Throws CliError NOT_RUNNING. */
export function chainNodes(env: Env = process.env): string {
  const nodes = env.FULLNODE_API_INFO ?? readRunState(sealaneHome(env))?.chain
  if (nodes) return nodes
  throw new CliError(
    { code: 'NOT_RUNNING', what: 'a chain node' },
    'no chain node known: run "npm start" in another terminal, or set FULLNODE_API_INFO=TOKEN:/ip4/…/tcp/1234/http',
  )
}

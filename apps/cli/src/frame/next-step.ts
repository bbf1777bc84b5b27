/** What a person does about a failure whose own text does not say. Codes are those of the apps, of host and of chain. */
const steps: Readonly<Record<string, string>> = {
  NOT_RUNNING:
    'start it ("npm start" runs everything; systemctl start sealane-APP, or node apps/APP/dist/main.js run --config FILE, one app); if it runs elsewhere, set SEALANE_RUNTIME_DIR to its socket folder or SEALANE_<APP>_API_INFO=TOKEN:URL',
  CALL_FAILED: 'look into the log of the app that was asked; "sealane doctor" says which apps answer',
  UNAUTHORIZED: 'the token in SEALANE_<APP>_API_INFO is not of that app: make a new one',
  FORBIDDEN: 'use a token with more permission, or the socket on the app’s own host',
  NO_SUCH_METHOD: 'the app is older than this command: update it',
  WRONG_PARAMETERS: 'mend the argument it names; --help has an example',
  RPC: 'these are the chain node’s words: check the address or number that was asked for',
  NODE_DOWN: 'is the chain node up? "npm start" brings one; FULLNODE_API_INFO names another',
  TIMEOUT: 'the node is slow or away: try again, or name another in FULLNODE_API_INFO',
  NODES_INVALID: 'FULLNODE_API_INFO reads TOKEN:/ip4/HOST/tcp/PORT/http',
  REFUSED: 'this needs a token with more permission in FULLNODE_API_INFO',
  NO_METHOD: 'the node does not know this call: "devnet" commands work on the embedded devnet only',
  WRONG_NETWORK: 'FULLNODE_API_INFO names a node of another network',
  NOT_FOUND: 'check the id; on a chain that is still syncing, wait for "sealane chain head" to catch up',
  NOT_ENOUGH_FUNDS: 'send money to the address first ("sealane devnet fund ADDRESS 10" on the devnet)',
  INSUFFICIENT_FUNDS: 'send money to the address it names ("sealane devnet fund ADDRESS 10" on the devnet)',
  EXECUTION_FAILED: 'the chain would refuse this message: its words above say why',
  NO_MINER: 'create the miner actor first: sealane miner init',
  MINER_UNKNOWN:
    'create the miner actor first ("sealane miner init") and tell the provider: sealane provider set-miner ADDRESS',
  MINER_NOT_READY: 'create the miner actor first ("sealane miner init"), then try again',
  DEAL_UNKNOWN: '"sealane storage-deals list -v" shows every id there is',
  DEAL_AMBIGUOUS: 'give more of the id, or the uuid',
  NO_SUCH_SECTOR: '"sealane sectors list" shows the numbers there are',
  SECTOR_LIMIT: 'wait for a sector to finish, or raise it: sealane sealing set-limits --total_num N',
  OVER_CAP: 'raise the cap in the miner’s configuration if this is meant',
  STREAM: 'the provider did not answer: "sealane net listen" on its host shows where it listens',
  CERTIFICATE: '"sealane certs list" lists what there is',
}

const byRemedy: Readonly<Record<string, string>> = {
  retry: 'it may pass by itself: try again; "sealane doctor" says what is down',
  hold: 'mend what it names, then try again',
  drop: 'this can never succeed as asked: ask for something else',
  halt: 'this machine’s set-up is wrong: "sealane doctor" checks it',
}

/** The line below `ERROR:`; undefined when the error's own text already says what to do. */
export function nextStep(error: unknown): string | undefined {
  if (error instanceof Error && error.name === 'CliError') return undefined
  const { code, remedy } = error as { code?: unknown; remedy?: unknown }
  const byCode = typeof code === 'string' ? steps[code] : undefined
  if (byCode !== undefined) return byCode
  if (typeof remedy === 'string') return byRemedy[remedy]
  return 'if the words above do not help, "sealane doctor" checks the set-up'
}

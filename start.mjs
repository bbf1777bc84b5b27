// `npm start`: install, build, then run the whole stack and one real deal. No dependencies; Node 20 or newer.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  build,
  cacheDirectory,
  checkMachine,
  handOver,
  install,
  nodeBinary,
  orRefuse,
  root,
  say,
} from './scripts/bootstrap.mjs'

const args = process.argv.slice(2)
const at = args.findIndex((arg) => arg === '--prover' || arg.startsWith('--prover='))
const prover = at < 0 ? 'real' : (args[at].split('=')[1] ?? args[at + 1])

await orRefuse(async () => {
  if (!args.includes('--help') && !args.includes('-h')) {
    checkMachine({ prover })
    announce()
  }
  await install()
  await build()
  return handOver([join(root, 'apps/cli/dist/main.js'), 'up', ...args], { SEALANE_NODE: nodeBinary() })
})

function announce() {
  const fresh = !existsSync(join(root, 'node_modules', '.sealane-lock'))
  const cold = !existsSync(join(cacheDirectory(), 'params'))
  if (!fresh && !cold) return
  say('first run on this machine, all of it kept for the next one:')
  if (fresh) say('  npm packages        ~250 MB download, 0.6 GB on disk      ~1 min')
  if (fresh) say('  Rust proofs addon   ~60 MB download, 0.7 GB on disk       ~5 min on 2 cores')
  if (cold && prover === 'real')
    say('  proof parameters    no download, 1.2 GB on disk           ~3 min on 2 cores, beside the rest')
  if (prover === 'real') say('  one real proof (C2) 2.9 GB of memory                      ~1 min a sector')
}

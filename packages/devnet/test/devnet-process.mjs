// A devnet in a process of its own, to be killed. Proofs are not what it is about: all of them hold.
import { createDevnet } from '../dist/index.js'

const [dataDir, port, mode] = process.argv.slice(2)
const devnet = await createDevnet({
  dataDir,
  keySetDigest: 'ef'.repeat(32),
  verifier: { verifySeal: async () => true, verifyWindowPost: async () => true },
  listen: { host: '127.0.0.1', port: Number(port) },
  clock: { mode, blockDelayMs: 20 },
})
process.stdout.write(
  `${JSON.stringify({ apiInfo: devnet.apiInfo, port: devnet.port, head: devnet.node.head.header.height })}\n`,
)

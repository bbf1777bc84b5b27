#!/usr/bin/env node
// `npx sealane …` on whatever Node there is: the product itself runs on the Node that the workspace brings.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const app = dirname(dirname(fileURLToPath(import.meta.url)))
const main = join(app, 'dist/main.js')
const packed = join(app, '../../node_modules', `node-${process.platform}-${process.arch}`, 'bin/node')

if (!existsSync(main)) {
  process.stderr.write('sealane: not built yet; run "npm start" once, it builds everything\n')
  process.exit(1)
}
const node = existsSync(packed) ? packed : process.execPath
const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('close', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))

// The main of a child process that runs one task: `node child.js <addon> <parent pid>`, request on stdin.
//
// It answers with JSON lines on descriptor 3, because the native libraries print on stdout, and it dies with
// its parent in whatever way the parent dies.
import { readFileSync, writeSync } from 'node:fs'
import { type Addon, loadAddon } from '../addon.js'
import { ProofError } from '../proof-error.js'
import type { ChildLine, TaskRequest } from './task-request.js'

const answerDescriptor = 3

function main(addonPath: string, parent: number): void {
  process.title = 'sealane-proofs-runner'
  try {
    const addon = loadAddon(addonPath)
    if (!addon.dieWithParent(parent)) process.exit(1)
    const text = readFileSync(0, 'utf8')
    const { task } = JSON.parse(text) as TaskRequest
    process.title = `sealane-proofs-runner ${task}`
    answer(run(addon, text))
  } catch (error) {
    answer({ error: textOf(error) })
  }
}

/** `CODE: message`: the addon's errors read so already. */
function textOf(error: unknown): string {
  if (error instanceof ProofError) return `${error.code}: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}

function run(addon: Addon, request: string): ChildLine {
  return { result: JSON.parse(addon.runTask(request, answerDescriptor)) }
}

function answer(line: ChildLine): void {
  writeSync(answerDescriptor, `${JSON.stringify(line)}\n`)
}

const [, , addonPath = '', parent = ''] = process.argv
main(addonPath, Number(parent))

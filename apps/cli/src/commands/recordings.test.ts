import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { recordings } from '../testing/recorded.js'

/** Recordings that no test compares with ours, and why. */
const notCompared: Readonly<Record<string, string>> = {
  'chain-getmessage-none':
    'we keep the operator notes’ text of 2020, "must pass a cid of a message to get"; lotus counts arguments today',
  'miner-actor-info': 'lotus-miner has no such command; our "actor info" is the head of its "info"',
  'miner-auth-create-token---perm-read':
    'a token of that run; ours are made on the app’s own host, not by a running app',
  'miner-net-id': 'lotus-miner lost its libp2p host with the market; "net id" is compared with lotus’ own',
  'miner-net-peers': 'the same',
  'miner-pieces-list-pieces': 'lotus-miner lost it with the market; our "pieces list" has columns of its own',
  'miner-sealing-sched-diag':
    'the inside of lotus’ scheduler; ours prints CallToWork, OpenWindows and Requests of its own queue',
  'miner-sealing-workers':
    'bars of CPU, RAM and VMEM: our workers are bounded by counts of tasks, which is what ours prints; the first line is lotus’',
  'miner-sectors-refs': 'lotus panicked; ours has the lines that its source prints',
  'miner-storage-find-2':
    'lists lotus’ kinds of files and local mount; ours names the worker that serves the path',
  'miner-storage-list': 'a bar of the disk’s use, which our workers do not report; free bytes are',
  'miner-wallet-list': 'lotus-miner has no wallet; our "wallet list" is compared with lotus’ own',
  'send-not-enough':
    'lotus asks the chain to estimate, and prints its error; "client send" looks at the balance first and says what is missing',
  'state-active-sectors': 'lotus has no such command any more',
  'wallet-default': 'keys have names (owner, worker, control-post), none is the default',
}

it('compares each recorded text with ours, or says why not', () => {
  const folder = fileURLToPath(new URL('.', import.meta.url))
  const tests = readdirSync(folder)
    .filter((file) => file.endsWith('.test.ts') && file !== basename(fileURLToPath(import.meta.url)))
    .map((file) => readFileSync(`${folder}/${file}`, 'utf8'))
    .join('\n')
  const compared = recordings().filter((name) => tests.includes(`'${name}'`))
  expect([...compared, ...Object.keys(notCompared)].sort()).toEqual(recordings().sort())
  expect(compared.length).toBeGreaterThan(45)
})

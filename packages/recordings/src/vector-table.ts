import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lotusMessageFiles, lotusRecording } from './lotus-recording.js'
import { casesOf, countKinds, ownFolder, vectorFiles } from './recorded-file.js'
import { lotusRunners, runners } from './runners.js'

const workspace = fileURLToPath(new URL('../../../', import.meta.url))

interface Row {
  file: string
  kind: string
  cases: number
  test: string
}

/**
 * docs/generated/vectors.md: every kind of every recorded file, its number of cases, and the tests that run them.
 *
 * @throws if a kind has no test, or a test that should run one is not there
 */
export function vectorTable(): string {
  const vectors = vectorFiles(ownFolder).flatMap(rowsOf)
  const lotus = lotusRows()
  for (const { test } of [...vectors, ...lotus]) {
    if (!existsSync(join(workspace, test)))
      throw new Error(`${test} should run recorded cases and is not there`)
  }
  return `# What was recorded, and who runs it

Generated from packages/recordings by \`npm run generate\`; do not edit. Each test named here fails when it does not run a kind that stands beside it.

## Test vectors of the reference implementations

\`SEALANE_VECTORS=DIR npm test -- packages\` runs the same tests on another folder of this format.

${markdown(vectors)}
## Recorded from a real Lotus network

${markdown(lotus)}`
}

function rowsOf(file: string): Row[] {
  const tests = Object.entries(runners[file] ?? {})
  return [...countKinds(casesOf(ownFolder, file))].flatMap(([kind, cases]) => {
    const running = tests.filter(([, kinds]) => kinds.includes(kind))
    if (running.length === 0) throw new Error(`${file}: no test runs the kind ${kind}`)
    return running.map(([test]) => ({ file, kind, cases, test }))
  })
}

interface Message {
  actor: string
  methodName: string
  method: number
  receipt: { ExitCode: number }
}

function lotusRows(): Row[] {
  const messages = lotusMessageFiles().map((name) => lotusRecording<Message>(`messages/${name}`))
  const methods = messages.map(({ actor, method, methodName, receipt }) => ({
    kind: `${actor} ${method} ${methodName}${receipt.ExitCode === 0 ? '' : `, exit ${receipt.ExitCode}`}`,
  }))
  const draws = lotusRecording<{ items: { kind: string }[] }>('randomness.json').items
  const proofs = messages
    .filter(({ actor, method }) => actor === 'storageminer' && [5, 34, 35].includes(method))
    .map(({ methodName, receipt }) => ({
      kind: `proofs in ${methodName}${receipt.ExitCode === 0 ? '' : ', false ones'}`,
    }))
  const { tipsets } = lotusRecording<{ tipsets: unknown[] }>('economics.json')
  const { activations, miners } =
    lotusRecording<Record<'activations' | 'miners', unknown[]>>('assignment.json')
  const { ranges } = lotusRecording<{ ranges: { tipsets: unknown[] }[] }>('basefee.json')
  const fees = ranges.flatMap((range) => range.tipsets)
  const section = (file: string, items: { kind: string }[], test: string): Row[] =>
    [...countKinds(items)].map(([kind, cases]) => ({ file, kind, cases, test }))
  return [
    ...section('lotus/messages', methods, lotusRunners.messages),
    ...section('lotus/randomness.json', draws, lotusRunners.randomness),
    ...section('lotus/vk', proofs, lotusRunners.proofs),
    ...section('lotus/economics.json', each('tipset', tipsets), lotusRunners.rules),
    ...section('lotus/assignment.json', each('activation', activations), lotusRunners.rules),
    ...section('lotus/assignment.json', each('miner', miners), lotusRunners.rules),
    ...section('lotus/basefee.json', each('tipset', fees), lotusRunners.rules),
  ]
}

/** One entry of a kind for each item. */
function each(kind: string, items: readonly unknown[]): { kind: string }[] {
  return items.map(() => ({ kind }))
}

function markdown(rows: Row[]): string {
  const total = rows.reduce((sum, { cases }) => sum + cases, 0)
  const lines = rows.map(({ file, kind, cases, test }) => `| ${file} | ${kind} | ${cases} | ${test} |`)
  return `| file | kind | cases | test |\n| --- | --- | --- | --- |\n${lines.join('\n')}\n\n${total} cases.\n`
}

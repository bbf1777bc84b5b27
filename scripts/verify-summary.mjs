// Holds the summary of an `npm start -- --once --json` against the chain it left behind and the files it sealed.
//   node scripts/verify-summary.mjs SUMMARY.json STATE_DIR
// The devnet is started again from its own database: what it answers is what survived, not what a process remembered.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { nodeBinary, root } from './bootstrap.mjs'

const [summaryFile, home] = process.argv.slice(2)

// The packages need the pinned Node.
if (!process.version.startsWith('v24.')) {
  const child = spawn(nodeBinary(), process.argv.slice(1), { stdio: 'inherit' })
  child.on('close', (code) => process.exit(code ?? 1))
} else {
  await main()
}

async function main() {
  const lines = readFileSync(summaryFile, 'utf8').trim().split('\n')
  const events = lines.map((line) => JSON.parse(line))
  const summary = events.at(-1)
  check(
    summary.event === 'summary' && summary.ok === true,
    `the last line is a summary that says ok: ${lines.at(-1)}`,
  )

  const { createChainClient } = await load('chain')
  const { parseAddress, parseCid } = await load('actors')
  const devnet = spawn(
    process.execPath,
    [join(root, 'apps/devnet/dist/main.js'), 'run', '--config', join(home, 'config/devnet.toml')],
    {
      stdio: 'ignore',
    },
  )
  try {
    const state = JSON.parse(readFileSync(join(home, 'run.json'), 'utf8'))
    const chain = createChainClient({ nodes: state.chain })
    await answering(() => chain.head())
    const miner = parseAddress(summary.miner)
    check((await chain.networkName()) === summary.network, `the network is ${summary.network}`)
    for (const deal of summary.deals) {
      for (const name of ['publishCid', 'preCommitCid', 'proveCommitCid', 'windowPostCid']) {
        await chain.getMessage(parseCid(deal[name]))
        const found = await chain.searchMessage(parseCid(deal[name]))
        check(found?.receipt.exitCode === 0, `${name} ${deal[name]} executed with exit code 0`)
      }
      const sector = await chain.sectorInfo(miner, deal.sectorNumber)
      check(sector !== undefined, `sector ${deal.sectorNumber} is on chain`)
      const market = await chain.marketDeal(deal.dealId)
      check(
        market?.state.sectorStartEpoch > 0,
        `deal ${deal.dealId} is active (SectorStartEpoch ${market?.state.sectorStartEpoch})`,
      )
      check(market?.proposal.pieceCid === deal.pieceCid, `deal ${deal.dealId} is for piece ${deal.pieceCid}`)
    }
    const power = await chain.minerPower(miner)
    check(power.minerPower.rawBytePower > BigInt(summary.rawPowerBefore), 'the miner’s power has risen')
    check(
      power.minerPower.rawBytePower === BigInt(summary.rawPowerAfter),
      `the miner’s power is ${summary.rawPowerAfter}`,
    )
    chain.close()
  } finally {
    devnet.kill('SIGTERM')
  }
  await unsealAndCompare(summary)
  process.stdout.write('the summary holds\n')
}

/** Unseals each deal's bytes from the sealed file and the manifest beside it, and compares them with the client's file. */
async function unsealAndCompare(summary) {
  const { createProver, defaultPermitDir, devnetKeySet } = await load('proofs')
  const prover = createProver({
    kind: summary.prover,
    keySet: devnetKeySet(),
    parentCacheDir: join(home, 'state', 'parents'),
    permitDir: defaultPermitDir(),
  })
  const book = readFileSync(join(home, 'client/deals.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
  const stores = readdirSync(join(home, 'state')).filter((name) => name.startsWith('storage-'))
  const scratch = mkdtempSync(join(tmpdir(), 'sealane-verify-'))
  try {
    for (const deal of summary.deals) {
      const name = `s-t0${summary.miner.slice(2)}-${deal.sectorNumber}`
      const store = stores
        .map((one) => join(home, 'state', one))
        .find((path) => existsSync(join(path, 'sealed', name)))
      check(store !== undefined, `sector ${name} lies in a storage path`)
      const manifest = JSON.parse(readFileSync(join(store, 'manifests', `${name}.json`), 'utf8'))
      const made = book.findLast((one) => one.dealUuid === deal.dealUuid)
      const piece = manifest.pieces.find((one) => one.pieceCid === deal.pieceCid)
      const outputPath = join(scratch, deal.dealUuid)
      await prover.unsealRange({
        sector: {
          minerId: manifest.minerId,
          sectorNumber: manifest.sectorNumber,
          sectorSize: BigInt(manifest.sectorSize),
        },
        ticket: bytes(manifest.ticket),
        commD: bytes(manifest.commD),
        sealedPath: join(store, 'sealed', name),
        cacheDir: join(store, 'cache', name),
        outputPath,
        offset: (BigInt(piece.offset) / 128n) * 127n,
        length: (BigInt(piece.paddedSize) / 128n) * 127n,
      })
      const unsealed = readFileSync(outputPath).subarray(0, made.sizeBytes)
      const original = readFileSync(made.path).subarray(made.offset, made.offset + made.sizeBytes)
      check(
        unsealed.equals(original),
        `the bytes of deal ${deal.dealId} come out of sector ${deal.sectorNumber} as they went in`,
      )
    }
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

function bytes(hex) {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

async function load(name) {
  return await import(join(root, 'packages', name, 'dist/index.js'))
}

async function answering(ask) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask()
    } catch (cause) {
      if (tries >= 300) throw cause
      await pause(100)
    }
  }
}

function check(holds, what) {
  process.stdout.write(`${holds ? 'ok' : 'WRONG'}  ${what}\n`)
  if (!holds) process.exit(1)
}

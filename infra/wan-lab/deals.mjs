// Makes a miner and deals as the guide does, waits until each is proven, and measures what crossed the ocean.
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { operatorClient } from '@sealane/host/client'
import { minerOperator, providerOperator, sealerOperator } from '@sealane/proto'

/** Payload of one sector. Unit: bytes. */
const payloadBytes = { '2KiB': 2032, '8MiB': 8_323_072 }

/** Reads until `done`; at the deadline, or when a process has fallen, throws with the last state. */
export async function until(what, read, done, { deadlineMs = 60_000, fallen = () => [] } = {}) {
  let last
  for (const started = performance.now(); performance.now() - started < deadlineMs; await pause(100)) {
    try {
      last = await read()
      if (done(last)) return last
    } catch (error) {
      last = error instanceof Error ? error.message : String(error)
    }
    const down = fallen()
    if (down.length > 0) throw new Error(`waiting for ${what}: ${down.join('; ')}`)
  }
  throw new Error(`waited ${deadlineMs / 1000} s for ${what}; last state: ${JSON.stringify(last)}`)
}

export function operators(sites) {
  const at = (site, app) => ({ socketPath: sites.place(site, 'run', `${app}.sock`) })
  return {
    provider: operatorClient(providerOperator, at('abroad', 'provider')),
    sealer: operatorClient(sealerOperator, at('home', 'sealer')),
    miner: operatorClient(minerOperator, at('home', 'miner')),
  }
}

/** Keys, money, the miner actor, the provider told of it. Returns its address. */
export async function makeMiner(sites, sectorSize) {
  const apps = operators(sites)
  const fallen = () => sites.fallen()
  for (const app of ['provider', 'sealer', 'miner']) {
    await until(
      `the ${app}'s socket`,
      () => apps[app].health({}),
      () => true,
      { fallen },
    )
  }
  for (const [type, name] of [
    ['secp256k1', 'owner'],
    ['bls', 'worker'],
    ['bls', 'control-post'],
  ]) {
    sites.sealane('home', [
      'devnet',
      'fund',
      sites.sealane('home', ['wallet', 'new', type, '--name', name]),
      '100',
    ])
  }
  const { peerId } = await apps.provider['net.id']({})
  const [multiaddr] = await apps.provider['net.listen']({})
  const made = sites.sealane('home', [
    ...['miner', 'init', '--sector-size', sectorSize],
    ...['--peer-id', peerId, '--multiaddr', multiaddr],
  ])
  const miner = /\b[tf]0\d+\b/.exec(made)?.[0]
  if (miner === undefined) throw new Error(`miner init said: ${made}`)
  sites.sealane('abroad', ['provider', 'set-miner', miner])
  sites.sealane('home', ['market', 'add', '2'])
  await until(
    'the ask, signed at home',
    () => apps.provider['asks.get']({}),
    (ask) => ask?.signed === true,
    { fallen },
  )
  return miner
}

/** Makes `count` deals for files of random bytes that fill a sector each; returns their uuids once the provider has the bytes. */
export function makeDeals(sites, miner, { count, sectorSize }) {
  const address = /^Address\s+(\S+)/m.exec(sites.sealane('abroad', ['client', 'info']))?.[1]
  sites.sealane('home', ['devnet', 'fund', address, '20'])
  sites.client(['market-add', '2'])
  return Array.from({ length: count }, (_, index) => {
    const file = sites.place(`file-${index}`)
    writeFileSync(file, randomBytes(payloadBytes[sectorSize]))
    return JSON.parse(sites.client(['deal', '--json', file, miner, '0.00000000001', '518400'])).dealUuid
  })
}

/** Waits until every deal's sector has been proven in its first WindowPoSt. Throws when one has failed. */
export async function provenDeals(sites, uuids, { deadlineMs, tell }) {
  const apps = operators(sites)
  let told = ''
  const rows = await until(
    'all deals to be proven',
    async () => {
      const all = await Promise.all(uuids.map((id) => apps.provider['deals.get']({ id })))
      const lost = all.find(({ state }) => ['Failed', 'Cancelled', 'Expired'].includes(state))
      if (lost) return { lost }
      const words = all.map((row) => row.sectorState ?? row.state).join(', ')
      if (words !== told) tell(words)
      told = words
      return all
    },
    (all) => all.lost !== undefined || all.every(({ provenEpoch }) => provenEpoch !== null),
    { deadlineMs, fallen: () => sites.fallen() },
  )
  if (rows.lost) throw new Error(`deal ${rows.lost.dealUuid} ended: ${rows.lost.failure?.text}`)
  return rows
}

/** What the hand-over of each deal cost, from the two sites' own records (one machine, one clock). */
export function handovers(sites, uuids) {
  const [abroad, home] = [
    new DatabaseSync(sites.place('abroad/provider/deals.db'), { readOnly: true }),
    new DatabaseSync(sites.place('home/sealer/sealer.db'), { readOnly: true }),
  ]
  try {
    return uuids.map((uuid) => {
      const here = (event) =>
        abroad.prepare('SELECT at_ms FROM deal_log WHERE deal_uuid = ? AND event = ?').get(uuid, event)?.at_ms
      const there = (event) =>
        home
          .prepare("SELECT at_ms FROM history WHERE thing = 'piece' AND subject = ? AND event = ?")
          .get(uuid, event)?.at_ms
      const { payload_size: bytes } = home
        .prepare('SELECT payload_size FROM pieces WHERE deal_uuid = ?')
        .get(uuid)
      const pullSeconds = (there('arrived') - there('pullStarted')) / 1000
      return {
        dealUuid: uuid,
        bytes,
        handoverSeconds: (there('arrived') - here('transferred')) / 1000,
        pullSeconds,
        pullBytesPerSecond: Math.round(bytes / pullSeconds),
      }
    })
  } finally {
    abroad.close()
    home.close()
  }
}

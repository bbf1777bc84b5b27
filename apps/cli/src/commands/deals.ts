import type { DealRow } from '@sealane/proto'
import type { Command } from 'commander'
import { CliError } from '../cli-error.js'
import { answers, group } from '../frame/answers.js'
import type { Session } from '../frame/session.js'
import { clockIfKnown } from '../show/clock-if-known.js'
import { blockers, type DealView, dealNames, dealWhy } from '../show/deal-report.js'

export function dealsCommand(session: Session): Command {
  return group('deals', 'One deal across all apps.', [why(session), find(session)])
}

const anyId =
  'ID: uuid, proposal CID, signed proposal CID, publish, PreCommit or ProveCommit message, piece CID, deal id, or the last part of one.'

function why(session: Session): Command {
  return answers(
    session,
    {
      usage: 'why <id>',
      watch: true,
      about: 'Say why a deal is where it is: what it waits for, since when, and who must act.',
      examples: [
        'deals why yu3bdena',
        'deals why 6f1c1f0e-8a3f-4e2c-9a55-5f9a3f0f3b11',
        'deals why yu3bdena --watch',
      ],
      notes: anyId,
    },
    async (_, [id = '']) => {
      const view = await viewOf(session, await findDeal(session, id))
      const o = { nowMs: session.terminal.now(), clock: await clockIfKnown(session) }
      const reasons = blockers(view, o).map(([who, text]) => ({ who, text }))
      return { json: { ...view, why: reasons }, text: dealWhy(view, o) }
    },
  )
}

function find(session: Session): Command {
  return answers(
    session,
    {
      usage: 'find <id>',
      about: 'Find a deal by any of its ids and print them all.',
      examples: ['deals find bafyreifofhgup4nl754t6lcfkbk6gx5mvrxkcdfq6ckk7o4hozjtbsyhqu'],
      notes: anyId,
    },
    async (_, [id = '']) => {
      const deal = await findDeal(session, id)
      return { json: deal, text: dealNames(deal) }
    },
  )
}

/** The provider knows a deal by its own ids; those that home gave it are looked for in the rows. */
async function findDeal(session: Session, id: string): Promise<DealRow> {
  const provider = await session.provider()
  try {
    return await provider['deals.get']({ id })
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'DEAL_UNKNOWN') throw error
  }
  const tail = id.replace(/^\.{3}/, '')
  const rows = await provider['deals.list']({ limit: 10_000 })
  const found = rows.find((row) =>
    [row.preCommitCid, row.proveCommitCid, row.windowPostCid, row.publishCid].some(
      (cid) => cid === tail || (tail.length >= 4 && cid?.endsWith(tail)),
    ),
  )
  if (found) return found
  throw new CliError(
    { code: 'NO_DEAL', id },
    `no deal has the id ${id} among ${rows.length} deals: "sealane storage-deals list -v" shows all ids; a message is shown by "sealane messages show ${id}"`,
  )
}

/** Adds what home knows; an app that is away is named, not waited for. */
async function viewOf(session: Session, deal: DealRow): Promise<DealView> {
  const silent: { app: string; reason: string }[] = []
  const ask = async <Value>(app: string, question: () => Promise<Value>): Promise<Value | undefined> => {
    try {
      return await question()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (!silent.some((one) => one.app === app)) silent.push({ app, reason })
      return undefined
    }
  }
  const [provider, sealer, miner] = await Promise.all([session.provider(), session.sealer(), session.miner()])
  const [log, pieces, publications] = await Promise.all([
    ask('provider', () => provider['deals.log']({ id: deal.dealUuid })),
    ask('sealer', () => sealer['pieces.list']({})),
    ask('miner', () => miner['publications.list']({})),
  ])
  const piece = pieces?.find((one) => one.dealUuid === deal.dealUuid)
  const publication = publications?.find(
    (one) => one.requestId === deal.dealUuid || one.proposalCid === deal.proposalCid,
  )
  const sectorNumber = piece?.sectorNumber ?? deal.sectorNumber
  const messageCid = publication?.messageCid ?? null
  const [sector, publishMessage] = await Promise.all([
    sectorNumber === null ? undefined : ask('sealer', () => sealer['sectors.get']({ sectorNumber })),
    messageCid === null ? undefined : ask('miner', () => miner['messages.get']({ id: messageCid })),
  ])
  return { deal, log: log ?? [], piece, publication, publishMessage, sector, silent }
}

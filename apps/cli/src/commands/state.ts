import { actorsVersionFor, type Cid, formatAddress, idAddress, parseAddress } from '@sealane/actors'
import { type Json, rpcCall, shapes } from '@sealane/chain'
import type { Command } from 'commander'
import { CliError } from '../cli-error.js'
import { jsonText } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { natural } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { actorStateText } from '../show/actor-text.js'
import { chainSectorText } from '../show/chain-sector-text.js'
import { chainClock } from '../show/clock-time.js'
import { minerInfoText, multiaddrText, powerText } from '../show/miner-info-text.js'
import { stateLookups } from './state-lookups.js'

export function stateCommand(session: Session): Command {
  return group('state', 'The chain’s state.', [
    minerInfo(session),
    getActor(session),
    sector(session),
    deal(session),
    power(session),
    ...stateLookups(session),
  ])
}

function minerInfo(session: Session): Command {
  return answers(
    session,
    {
      usage: 'miner-info <minerAddress>',
      about: 'Print what the chain knows of any miner.',
      examples: ['state miner-info t06498'],
    },
    async (_, [text = '']) => {
      const miner = parseAddress(text)
      const chain = await session.chain()
      const [info, minerPower, available, deadline, params, prefix] = await Promise.all([
        chain.minerInfo(miner),
        chain.minerPower(miner),
        chain.availableBalance(miner),
        chain.provingDeadline(miner),
        chain.networkParams(),
        session.prefix(),
      ])
      const { blockDelaySeconds } = params
      const json = {
        ...info,
        multiaddrs: info.multiaddrs.map(multiaddrText),
        availableBalance: available,
        power: minerPower,
        provingDeadline: deadline,
      }
      const view = { info, power: minerPower, available, deadline }
      return { json, text: minerInfoText(view, { prefix, blockDelaySeconds }) }
    },
  )
}

function getActor(session: Session): Command {
  return answers(
    session,
    {
      usage: 'get-actor <actorAddress>',
      about: 'Print an actor: balance, nonce, code.',
      examples: ['state get-actor t01000'],
    },
    async (_, [text = '']) => {
      const address = parseAddress(text)
      const chain = await session.chain()
      const [actor, prefix] = await Promise.all([chain.getActor(address), session.prefix()])
      const shown = formatAddress(address, prefix)
      if (actor === undefined) {
        throw new CliError(
          { code: 'NOT_ON_CHAIN', what: shown },
          `resolution lookup failed (${shown}): resolve address ${shown}: actor not found\n  next: a new address is on chain only once someone has sent it money and that message is in a block; "sealane mpool pending --to ${shown}" shows one on its way`,
        )
      }
      const kind = await kindOf(session, actor.code)
      return {
        json: { address: shown, ...actor, kind: kind ?? null },
        text: actorStateText(shown, actor, kind),
      }
    },
  )
}

/** `fil/18/storageminer`. Nodes that do not list their actors' codes cost us the name, not the answer. */
async function kindOf(session: Session, code: Cid): Promise<string | undefined> {
  try {
    const version = await (await session.chain()).networkVersion()
    const codes = (await rpcCall(await session.nodes(), 'Filecoin.StateActorCodeCIDs', [version])) as Record<
      string,
      Json
    >
    const found = Object.entries(codes).find(([, cid]) => (cid as { '/'?: string })['/'] === code)
    return found && `fil/${actorsVersionFor(version)}/${found[0]}`
  } catch {
    return undefined
  }
}

function sector(session: Session): Command {
  return answers(
    session,
    {
      usage: 'sector <minerAddress> <sectorNumber>',
      about: 'Print what the chain knows of a sector.',
      examples: ['state sector t01000 2'],
    },
    async (_, [minerText = '', numberText]) => {
      const miner = parseAddress(minerText)
      const number = natural('sectorNumber', numberText)
      const chain = await session.chain()
      const [info, location, clock] = await Promise.all([
        chain.sectorInfo(miner, number),
        chain.sectorPartition(miner, number),
        chainClock(chain),
      ])
      if (info === undefined) {
        const preCommit = await chain.preCommitInfo(miner, number)
        throw new CliError(
          { code: 'NOT_ON_CHAIN', what: `sector ${number}` },
          preCommit === undefined
            ? `sector ${number} of ${minerText} not found on chain; if its messages landed, this node is on a fork: compare "sealane chain head" with another node's`
            : `sector ${number} of ${minerText} is precommitted since epoch ${preCommit.preCommitEpoch} and not proven yet; "sealane sectors status ${number}" says what it waits for`,
        )
      }
      const dealIds = await dealIdsOf(session, number)
      return {
        json: { ...info, location: location ?? null },
        text: chainSectorText(info, location, { clock, dealIds }),
      }
    },
  )
}

async function dealIdsOf(session: Session, sectorNumber: number): Promise<number[] | undefined> {
  try {
    const row = await (await session.sealer())['sectors.get']({ sectorNumber })
    return row.pieces.flatMap((piece) => (piece.dealId === null ? [] : [piece.dealId]))
  } catch {
    return undefined
  }
}

function deal(session: Session): Command {
  return answers(
    session,
    {
      usage: 'deal <dealId>',
      about: 'Print a published deal: proposal, and since which epoch it is active (-1: not yet).',
      examples: ['state deal 2'],
    },
    async (_, [text]) => {
      const id = natural('dealId', text)
      const found = await (await session.chain()).marketDeal(id)
      if (found === undefined) {
        throw new CliError(
          { code: 'NOT_ON_CHAIN', what: `deal ${id}` },
          `deal ${id} not found\n  next: it was never published, or has ended and was removed; "sealane deals find ${id}" says what the provider knows`,
        )
      }
      const json = shapes.marketDeal.write(found, await session.prefix())
      return { json, text: jsonText(json) }
    },
  )
}

function power(session: Session): Command {
  return answers(
    session,
    {
      usage: 'power [minerAddress]',
      about: 'Print the network’s power, or a miner’s share of it.',
      examples: ['state power', 'state power t01000'],
    },
    async (_, [text]) => {
      const chain = await session.chain()
      const found = await chain.minerPower(text === undefined ? idAddress(0) : parseAddress(text))
      return { json: found, text: powerText(found, text !== undefined) }
    },
  )
}

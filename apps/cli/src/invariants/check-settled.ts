import type { Facts } from './facts.js'
import type { Report } from './violation.js'

const endedMessages = new Set(['Confirmed', 'Failed', 'Replaced', 'NonceTaken', 'Refused'])

/** Nothing is under way any more: each deal proven, nothing staged, sent, queued, claimed or counted. */
export function checkSettled(facts: Facts, report: Report): void {
  const { provider, sealer, miner, chain, storage, queues } = facts
  for (const deal of provider?.deals ?? []) {
    if (deal.proven_epoch === null || deal.active_epoch === null || deal.state !== 'Active')
      report('not proven', `deal ${deal.deal_uuid} is ${deal.state}, proven at ${deal.proven_epoch}`, deal)
    if (deal.staging_reserved !== 0)
      report('staging held', `deal ${deal.deal_uuid} still holds staging bytes`, deal)
  }
  for (const name of provider?.staged ?? []) report('staging left', `${name} is left in staging`, { name })
  if (provider !== undefined && provider.stagingBytes !== 0)
    report('staging held', `${provider.stagingBytes} bytes of staging are held by nothing`, {
      stagingBytes: provider.stagingBytes,
    })
  for (const [app, outbox] of [
    ['provider', provider?.outbox],
    ['sealer', sealer?.outbox],
  ] as const) {
    for (const row of outbox ?? [])
      report('not acknowledged', `the ${app}'s message about ${row.subject} is not acknowledged`, row)
  }
  for (const piece of sealer?.pieces ?? []) {
    if (piece.state !== 'Sealed')
      report('not sealed', `the piece of deal ${piece.deal_uuid} is ${piece.state}`, piece)
  }
  for (const sector of sealer?.sectors ?? []) {
    if (sector.state !== 'Proving')
      report('not proving', `sector ${sector.sector_number} is ${sector.state}`, sector)
  }
  if (sealer !== undefined && (sealer.limits.in_flight !== 0 || sealer.limits.in_flight_deals !== 0))
    report('places held', 'places are held by no sector', sealer.limits)
  for (const name of sealer?.files ?? []) report('file left', `${name} is left in pieces or hub`, { name })
  for (const claim of sealer?.claims ?? []) {
    if (claim.state === 'running')
      report('claim held', `claim ${claim.claim_id} of ${claim.task} is still held`, claim)
  }
  for (const path of storage ?? []) {
    for (const claim of path.claims)
      report('claim left', `a directory of claim ${claim} is left on ${path.path}`, { claim })
  }
  for (const claim of miner?.claims ?? [])
    report('claim held', `the proving claim ${claim.claim_id} is still held`, claim)
  for (const { uuid, request_id, state, nonce, cid, why } of miner?.messages ?? []) {
    if (!endedMessages.has(state))
      report('message open', `message ${request_id} is ${state}`, {
        uuid,
        request_id,
        state,
        nonce,
        cid,
        why,
      })
  }
  for (const one of miner?.publications ?? []) {
    if (one.state !== 'Published')
      report('not published', `the publication of ${one.request_id} is ${one.state}`, one)
  }
  for (const { address, next_nonce } of miner?.senders ?? []) {
    const nonce = chain?.nonces.get(address)
    if (nonce !== undefined && nonce !== next_nonce)
      report('nonce open', `${address} signed up to ${next_nonce}, the chain is at ${nonce}`, {
        address,
        next_nonce,
        nonce,
      })
  }
  for (const number of chain?.faulty ?? [])
    report('faulty', `sector ${number} is faulty on chain`, { number })
  for (const queue of queues ?? []) {
    if (queue.depth !== 0)
      report('queue not empty', `${queue.depth} jobs are left in ${queue.queue} (${queue.server})`, queue)
  }
}

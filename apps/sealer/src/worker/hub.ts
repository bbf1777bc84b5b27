import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fetchRange, mkdirDurable, putFile } from '@sealane/host'
import { patiently } from './patiently.js'
import type { TaskTools } from './task-tools.js'

/** A hub that restarts is waited for; a task is not thrown away over that. Unit: ms. */
const HUB_AWAY_MS = 2 * 60_000

/** Fetches a file of known size from the hub, going on from what is there. */
export async function download(
  tools: TaskTools,
  hubPath: string,
  sizeBytes: number,
  path: string,
): Promise<void> {
  const { signal } = tools.options
  await mkdirDurable(dirname(path), 0o700)
  await patiently(() => fetchRest(tools, hubPath, sizeBytes, path), { signal, mostMs: HUB_AWAY_MS })
}

async function fetchRest(tools: TaskTools, hubPath: string, sizeBytes: number, path: string): Promise<void> {
  const { hub, options } = tools
  const file = await open(path, 'a')
  try {
    const { size } = await file.stat()
    if (size > sizeBytes) await file.truncate(0)
    const chunks = fetchRange({
      url: `${hub.url}${hubPath}`,
      tls: hub.tls,
      role: hub.role,
      start: BigInt(size > sizeBytes ? 0 : size),
      sizeBytes: BigInt(sizeBytes),
      signal: options.signal,
    })
    for await (const chunk of chunks) await file.appendFile(chunk)
  } finally {
    await file.close()
  }
}

export async function upload(tools: TaskTools, hubPath: string, path: string): Promise<void> {
  const { url, role, tls } = tools.hub
  const { signal } = tools.options
  const send = () => putFile({ url: `${url}${hubPath}`, path, tls, role, signal })
  await patiently(send, { signal, mostMs: HUB_AWAY_MS })
}

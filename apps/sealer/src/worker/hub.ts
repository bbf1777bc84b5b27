import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fetchRange, mkdirDurable, putFile } from '@sealane/host'
import type { TaskTools } from './task-tools.js'

/** Fetches a file of known size from the hub, going on from what is there. */
export async function download(
  tools: TaskTools,
  hubPath: string,
  sizeBytes: number,
  path: string,
): Promise<void> {
  await mkdirDurable(dirname(path), 0o700)
  const file = await open(path, 'a')
  try {
    const { size } = await file.stat()
    if (size > sizeBytes) await file.truncate(0)
    const chunks = fetchRange({
      url: `${tools.hub.url}${hubPath}`,
      tls: tools.hub.tls,
      role: tools.hub.role,
      start: BigInt(size > sizeBytes ? 0 : size),
      sizeBytes: BigInt(sizeBytes),
      signal: tools.options.signal,
    })
    for await (const chunk of chunks) await file.appendFile(chunk)
  } finally {
    await file.close()
  }
}

export async function upload(tools: TaskTools, hubPath: string, path: string): Promise<void> {
  const { url, role, tls } = tools.hub
  await putFile({ url: `${url}${hubPath}`, path, tls, role, signal: tools.options.signal })
}

// The thread that decodes. Each input follows from the seed and its number, and the number stands in shared memory: the
// thread that watches can tell which input hangs.
import { workerData } from 'node:worker_threads'
import { loadDecoder } from './load-decoders.mjs'
import { place } from './place.mjs'

const { name, seed, from, runs, boundMs, shared } = workerData
// Most of a refusal's cost would be its stack, which nobody reads.
Error.stackTraceLimit = 0
const at = new BigInt64Array(shared)
const decoder = await loadDecoder(name)
for (let index = from; index < from + runs; index++) {
  Atomics.store(at, place.index, BigInt(index))
  Atomics.store(at, place.busy, 1n)
  const input = decoder.make(seed, index)
  const cpu = process.threadCpuUsage()
  const began = performance.now()
  const accepted = await outcome(decoder, input)
  const tookMs = performance.now() - began
  Atomics.store(at, place.busy, 0n)
  if (accepted) at[place.accepted] += 1n
  if (BigInt(Math.round(tookMs * 1000)) > at[place.slowestUs])
    at[place.slowestUs] = BigInt(Math.round(tookMs * 1000))
  if (tookMs > boundMs) {
    // Other work on the machine is not the decoder's fault: what counts is the time this thread computed.
    const { user, system } = process.threadCpuUsage(cpu)
    if ((user + system) / 1000 > boundMs)
      throw new Error(`took ${Math.round((user + system) / 1000)} ms of CPU`)
  }
}
at[place.done] = 1n
// Ends this thread alone: a decoder may have a server or a database that would keep it.
process.exit()

/** True if the decoder took the input, false if it refused it as it may; anything else is thrown on. */
async function outcome({ decode, refuses }, input) {
  try {
    const result = decode(input)
    return (result instanceof Promise ? await result : result) !== false
  } catch (error) {
    if (refuses(error)) return false
    throw new Error(await told(decode, input, error))
  }
}

/** The unexpected error once more, now with the places it came through. */
async function told(decode, input, error) {
  Error.stackTraceLimit = 20
  const again = await Promise.try(decode, input).then(
    () => error,
    (second) => second,
  )
  return `threw ${again?.constructor?.name}: ${again?.stack ?? again}`
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { ProofError } from '../proof-error.js'
import type { TaskOptions } from '../task-options.js'
import type { ChildLine, TaskRequest } from './task-request.js'
import { TextTail } from './text-tail.js'

/** Where a child finds its files, made explicit because the library otherwise shares /var/tmp. */
export interface ChildPlace {
  addonPath: string
  /** The key set's directory. */
  parameterCache: string
  /** Holds the SDR parents cache; shared by all sectors of a size. */
  parentCacheDir: string
}

// Both src/ (tests) and dist/ are two levels above: the child is always the compiled one.
const childMain = fileURLToPath(new URL('../../dist/runner/child.js', import.meta.url))
/** Captured output of a child, in characters. */
const capturedChars = 64 * 1024

/**
 * Runs one task in a child process of its own and returns its answer.
 *
 * An abort kills the child with SIGKILL and rejects once it is gone, so that its files are at rest. The child
 * also dies with the thread that called: call from the main thread.
 *
 * @throws ProofError as the task gives it, CHILD_DIED, or CANCELLED
 */
export async function runTask(
  request: TaskRequest,
  place: ChildPlace,
  options: TaskOptions = {},
): Promise<unknown> {
  const { signal, onProgress } = options
  if (signal?.aborted) throw new ProofError('CANCELLED', `${request.task} was cancelled before it began`)

  const child = spawn(process.execPath, [childMain, place.addonPath, String(process.pid)], {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    env: childEnvironment(place),
    // The library reads a configuration file from its working directory; there is none here.
    cwd: '/',
    // Its own process group: Ctrl-C in a terminal is for the parent to handle.
    detached: true,
  })
  const kill = (): void => {
    child.kill('SIGKILL')
  }
  signal?.addEventListener('abort', kill, { once: true })
  try {
    const ended = endOf(child)
    const output = capture(child)
    const answer = readAnswer(child, onProgress)
    // A child that dies at once breaks the pipe; how it ended says more than EPIPE.
    child.stdin?.on('error', () => {})
    child.stdin?.end(JSON.stringify(request))
    // A listener that throws ends the task; the child must not go on unheard.
    answer.catch(kill)
    const end = await ended
    const line = await answer
    if (line && 'result' in line) return line.result
    if (line && 'error' in line) throw ProofError.fromNative(line.error)
    if (signal?.aborted) throw new ProofError('CANCELLED', `${request.task} was cancelled`)
    throw new ProofError('CHILD_DIED', [`${request.task} ${end}`, output.lines(5)].join('\n').trimEnd())
  } finally {
    signal?.removeEventListener('abort', kill)
  }
}

function childEnvironment(place: ChildPlace): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...inherited } = process.env
  const parents = place.parentCacheDir.endsWith('/') ? place.parentCacheDir : `${place.parentCacheDir}/`
  return {
    ...inherited,
    FIL_PROOFS_PARAMETER_CACHE: place.parameterCache,
    FIL_PROOFS_PARENT_CACHE: parents,
    // The library appends to this text: without the slash it would name a sibling directory.
    FIL_PROOFS_CACHE_DIR: parents,
  }
}

/** Resolves when the child is gone and its pipes are read out, to how it ended. */
async function endOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    return signal ? `was killed by ${signal}` : `ended with exit code ${code} and no answer`
  } catch (cause) {
    throw new ProofError('CHILD_DIED', 'the proofs child could not be started', { cause })
  }
}

function capture(child: ChildProcess): TextTail {
  const tail = new TextTail(capturedChars)
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => tail.add(chunk))
  }
  return tail
}

/** Reads descriptor 3 to its end; resolves to the last line that is not progress, if any. */
async function readAnswer(
  child: ChildProcess,
  onProgress: TaskOptions['onProgress'],
): Promise<ChildLine | undefined> {
  let answer: ChildLine | undefined
  for await (const text of createInterface({ input: child.stdio[3] as Readable })) {
    const line = parseLine(text)
    if (line && 'progress' in line) onProgress?.(line.progress)
    else answer = line ?? answer
  }
  return answer
}

/** A line cut short by the child's death is not a line. */
function parseLine(text: string): ChildLine | undefined {
  try {
    return JSON.parse(text) as ChildLine
  } catch {
    return undefined
  }
}

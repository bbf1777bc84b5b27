import { existsSync, readFileSync } from 'node:fs'
import type { z } from 'zod'
import { CliError } from '../cli-error.js'

/** A JSON file of ours, undefined when it is not there. Throws CliError FILE when it does not say what it should. */
export function readStateFile<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): z.output<Schema> | undefined {
  return existsSync(path) ? parseStateFile(readFileSync(path, 'utf8'), path, schema) : undefined
}

/** The text of such a file; `path` is for the error. */
export function parseStateFile<Schema extends z.ZodType>(
  text: string,
  path: string,
  schema: Schema,
): z.output<Schema> {
  const parsed = schema.safeParse(json(text))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const reason = [issue?.path.join('.'), issue?.message].filter((part) => part).join(': ')
  throw new CliError(
    { code: 'FILE', path, reason },
    `${path} is not what sealane wrote (${reason}): restore it, or move it away`,
  )
}

/** A book's text, one JSON line each. A line that is none of the book's is passed over: a crash may leave half a one. */
export function parseBook<Schema extends z.ZodType>(text: string, schema: Schema): z.output<Schema>[] {
  return text.split('\n').flatMap((line) => {
    const parsed = line === '' ? undefined : schema.safeParse(json(line))
    return parsed?.success ? [parsed.data] : []
  })
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

import { readFileSync } from 'node:fs'
import { parse, TomlError } from 'smol-toml'
import { HostError } from '../errors/host-error.js'
import { type ConfigDefinition, type ConfigField, type ConfigOf, spelled } from './define-config.js'
import { nearest } from './nearest.js'

export interface LoadedConfig<Values> {
  readonly values: Values
  /** The file read, if any. */
  readonly file: string | undefined
  /** Where each `section.key` came from: `flag --x`, `env X`, `/path:12` or `default`. */
  readonly sources: ReadonlyMap<string, string>
  /** Arguments that are no flags of this configuration. */
  readonly rest: readonly string[]
}

/** A file that was read already. */
interface ConfigText {
  readonly path: string
  readonly text: string
}

/**
 * Reads a configuration: flag > environment > TOML file (`--config`, else `SEALANE_<APP>_CONFIG`, else `file` when it exists) > default.
 * Flags may be `--queue-url x`, `--queue-url=x`, with underscores too; a boolean flag needs no value.
 * Throws HostError CONFIG (`halt`) naming the line, variable or flag; unknown keys are refused with the nearest name.
 */
export function loadConfig<Definition extends ConfigDefinition>(
  definition: Definition,
  from: {
    argv?: readonly string[]
    env?: Readonly<Record<string, string | undefined>>
    file?: string | ConfigText
  } = {},
): LoadedConfig<ConfigOf<Definition>> {
  const env = from.env ?? process.env
  const { flags, rest, file: flagged } = readFlags(definition, from.argv ?? [])
  const named = flagged ?? env[`SEALANE_${definition.app.toUpperCase()}_CONFIG`]
  const file = tableOf(named ?? from.file, named === undefined)
  const lines = file === undefined ? new Map<string, number>() : lineNumbers(file.text)
  const place = (path: string) => `${file?.path}:${lines.get(path) ?? 1}`

  const tree: Record<string, Record<string, unknown>> = {}
  for (const section of Object.keys(definition.schema.shape)) tree[section] = {}
  for (const [section, table] of Object.entries(file?.table ?? {})) {
    const known = tree[section]
    if (known === undefined || typeof table !== 'object' || table === null || Array.isArray(table)) {
      throw wrong(place(section), unknownName('section', section, Object.keys(tree)))
    }
    const names = definition.fields.filter((field) => field.section === section).map((field) => field.key)
    for (const [key, value] of Object.entries(table)) {
      if (!names.includes(key)) throw wrong(place(`${section}.${key}`), unknownName('key', key, names))
      known[key] = value
    }
  }
  refuseUnknownVariables(definition, env)

  const sources = new Map<string, string>()
  for (const field of definition.fields) {
    const section = tree[field.section] ?? {}
    const flag = field.flags.find((name) => flags.has(name))
    const variable = env[field.env]
    if (flag !== undefined) {
      section[field.key] = fromText(field, flags.get(flag) ?? '', `flag --${flag}`)
      sources.set(field.path, `flag --${flag}`)
    } else if (variable !== undefined) {
      section[field.key] = fromText(field, variable, field.env)
      sources.set(field.path, field.env)
    } else {
      sources.set(field.path, field.key in section ? place(field.path) : 'default')
    }
  }
  const parsed = definition.schema.safeParse(tree)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const path = issue?.path.join('.') ?? ''
    const field = definition.fields.find((one) => path === one.path || path.startsWith(`${one.path}.`))
    const source = field === undefined ? undefined : sources.get(field.path)
    const where =
      source === undefined || source === 'default'
        ? `${path} (set ${field?.env ?? path})`
        : `${source}: ${path}`
    throw wrong(where, issue?.message ?? 'wrong')
  }
  return { values: parsed.data as ConfigOf<Definition>, file: file?.path, sources, rest }
}

function wrong(where: string, reason: string): HostError {
  return new HostError({ code: 'CONFIG', where, reason }, `configuration: ${where}: ${reason}`)
}

function unknownName(what: string, name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  return `unknown ${what} "${name}"${near === undefined ? '' : `, did you mean "${near}"?`}`
}

/** `--concurrency pc1=2,pc2=1`, with a section's name for a flag, is `--concurrency-pc1=2 --concurrency-pc2=1`. */
function splitPairs(definition: ConfigDefinition, argv: readonly string[]): string[] {
  const sections = Object.keys(definition.schema.shape).map(spelled)
  const isField = (flag: string) => definition.fields.some((field) => field.flags.includes(flag))
  const split: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? ''
    const [, name = '', , inline] = /^--([^=]+)(=([\s\S]*))?$/.exec(argument) ?? []
    const pairs = inline ?? argv[at + 1] ?? ''
    if (!sections.includes(spelled(name)) || isField(spelled(name)) || !/^[\w-]+=/.test(pairs)) {
      split.push(argument)
      continue
    }
    split.push(...pairs.split(',').map((pair) => `--${name}-${pair}`))
    if (inline === undefined) at++
  }
  return split
}

function readFlags(definition: ConfigDefinition, given: readonly string[]) {
  const argv = splitPairs(definition, given)
  const flags = new Map<string, string>()
  const rest: string[] = []
  let file: string | undefined
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? ''
    const [, name = '', , inline] = /^--([^=]+)(=([\s\S]*))?$/.exec(argument) ?? []
    if (name === '') {
      rest.push(argument)
      continue
    }
    const flag = spelled(name)
    const field = definition.fields.find((one) => one.flags.includes(flag))
    const off = flag.startsWith('no-')
      ? definition.fields.find((one) => one.kind === 'boolean' && one.flags.includes(flag.slice(3)))
      : undefined
    if (flag === 'config') {
      file = inline ?? argv[++at]
    } else if (off !== undefined) {
      flags.set(flag.slice(3), 'false')
    } else if (field === undefined) {
      throw wrong(
        `--${name}`,
        unknownName('flag', name, ['config', ...definition.fields.flatMap((one) => one.flags)]),
      )
    } else if (inline !== undefined) {
      set(flag, inline, field)
    } else if (field.kind === 'boolean' && !/^(true|false)$/.test(argv[at + 1] ?? '')) {
      flags.set(flag, 'true')
    } else {
      const value = argv[++at]
      if (value === undefined) throw wrong(`--${name}`, 'needs a value')
      set(flag, value, field)
    }
  }
  return { flags, rest, file }

  /** A list's flag may come again: `--storage /a --storage /b`. */
  function set(flag: string, value: string, field: ConfigField): void {
    const before = field.kind === 'array' ? flags.get(flag) : undefined
    flags.set(flag, before === undefined ? value : `${before},${value}`)
  }
}

function readText(path: string, mayLack: boolean): ConfigText | undefined {
  try {
    return { path, text: readFileSync(path, 'utf8') }
  } catch (cause) {
    if (mayLack && (cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw wrong(path, cause instanceof Error ? cause.message : String(cause))
  }
}

function tableOf(file: string | ConfigText | undefined, mayLack: boolean) {
  const read = typeof file === 'string' ? readText(file, mayLack) : file
  if (read === undefined) return undefined
  const { path, text } = read
  try {
    return { path, text, table: parse(text) as Record<string, unknown> }
  } catch (cause) {
    if (cause instanceof TomlError)
      throw wrong(`${path}:${cause.line}`, cause.message.split('\n')[0] ?? 'not TOML')
    throw cause
  }
}

/** Line of each `section` and `section.key` of a TOML text, for messages only. */
function lineNumbers(text: string): Map<string, number> {
  const lines = new Map<string, number>()
  let section = ''
  for (const [at, line] of text.split('\n').entries()) {
    const table = /^\s*\[\s*["']?([^\]"']+?)["']?\s*\]/.exec(line)?.[1]
    const key = /^\s*["']?([A-Za-z0-9_.-]+)["']?\s*=/.exec(line)?.[1]
    if (table !== undefined) {
      section = table
      lines.set(section, at + 1)
    } else if (key !== undefined) {
      lines.set(section === '' ? key : `${section}.${key}`, at + 1)
      const parent = key.split('.')[0] ?? key
      if (section === '' && !lines.has(parent)) lines.set(parent, at + 1)
    }
  }
  return lines
}

/** A misspelt variable would otherwise do nothing in silence. */
function refuseUnknownVariables(
  definition: ConfigDefinition,
  env: Readonly<Record<string, string | undefined>>,
): void {
  const prefix = `SEALANE_${definition.app.toUpperCase()}_`
  const known = [`${prefix}CONFIG`, ...definition.fields.map((field) => field.env)]
  for (const name of Object.keys(env)) {
    if (name.startsWith(prefix) && !known.includes(name))
      throw wrong(name, unknownName('variable', name, known))
  }
}

function fromText(field: ConfigField, text: string, source: string): unknown {
  if (field.kind === 'string') return text
  if (field.kind === 'boolean') {
    if (/^(true|1|yes|on)$/i.test(text)) return true
    if (/^(false|0|no|off)$/i.test(text)) return false
    throw wrong(source, `"${text}" is neither true nor false`)
  }
  if (field.kind === 'number') {
    if (text.trim() === '' || !Number.isFinite(Number(text))) throw wrong(source, `"${text}" is not a number`)
    return Number(text)
  }
  if (field.kind === 'array' && !text.trim().startsWith('['))
    return text === '' ? [] : text.split(',').map((item) => item.trim())
  try {
    return JSON.parse(text)
  } catch {
    throw wrong(source, 'is not JSON')
  }
}

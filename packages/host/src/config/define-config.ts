import type { z } from 'zod'

/** Sections of fields: `z.object({ queue: z.object({ url: z.string().default(…).describe(…) }) })`. Keys are snake_case, as in the file. */
export type ConfigSchema = z.ZodObject<Record<string, z.ZodObject>>

export interface ConfigDefinition<Schema extends ConfigSchema = ConfigSchema> {
  /** The app: `SEALANE_<APP>_<SECTION>_<FIELD>`. */
  readonly app: string
  readonly schema: Schema
  readonly fields: readonly ConfigField[]
}

export interface ConfigField {
  readonly section: string
  readonly key: string
  /** As in messages: `queue.url`. */
  readonly path: string
  /** The environment variable. */
  readonly env: string
  /** Flags without dashes: `queue-url`, and the short one of `.meta({ flag: 'url' })`. */
  readonly flags: readonly string[]
  readonly description: string
  readonly kind: 'string' | 'number' | 'boolean' | 'array' | 'object'
  /** Undefined when the field must be given. */
  readonly fallback: unknown
  readonly optional: boolean
}

export type ConfigOf<Definition extends ConfigDefinition> = z.output<Definition['schema']>

/** Declares an app's configuration: one schema is parser, documentation and default file. */
export function defineConfig<Schema extends ConfigSchema>(
  app: string,
  schema: Schema,
): ConfigDefinition<Schema> {
  const fields = Object.entries(schema.shape).flatMap(([section, object]) =>
    Object.entries(object.shape).map(([key, type]) =>
      describe(app, section, key, type as unknown as z.ZodType),
    ),
  )
  return { app, schema, fields }
}

interface Definitions {
  type: string
  innerType?: z.ZodType
  in?: z.ZodType
  defaultValue?: unknown
}

function describe(app: string, section: string, key: string, type: z.ZodType): ConfigField {
  let inner: z.ZodType = type
  let fallback: unknown
  let optional = false
  for (;;) {
    const def = inner.def as unknown as Definitions
    if (def.type === 'default' || def.type === 'prefault') fallback = def.defaultValue
    if (def.type === 'optional' || def.type === 'nullable') optional = true
    const next = def.innerType ?? def.in
    if (next === undefined) break
    inner = next
  }
  const type_ = (inner.def as unknown as Definitions).type
  const meta = type.meta() ?? {}
  const flag = typeof meta.flag === 'string' ? [spelled(meta.flag)] : []
  return {
    section,
    key,
    path: `${section}.${key}`,
    env: `SEALANE_${app}_${section}_${key}`.toUpperCase().replaceAll('-', '_'),
    flags: [...flag, spelled(`${section}-${key}`)],
    description: type.description ?? inner.description ?? '',
    kind:
      type_ === 'number' || type_ === 'int'
        ? 'number'
        : type_ === 'boolean' || type_ === 'array' || type_ === 'object'
          ? type_
          : 'string',
    fallback,
    optional,
  }
}

/** Flags are the same with dashes, underscores and dots. */
export function spelled(flag: string): string {
  return flag.replace(/[_.]/g, '-').toLowerCase()
}

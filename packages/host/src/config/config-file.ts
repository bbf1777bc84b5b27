import { stringify } from 'smol-toml'
import type { ConfigDefinition } from './define-config.js'
import { loadConfig } from './load-config.js'

/** The commented TOML that `config default` prints: every key with its description, variable, flag and default, commented out. */
export function defaultConfigFile(definition: ConfigDefinition): string {
  const lines: string[] = []
  for (const [section, object] of Object.entries(definition.schema.shape)) {
    if (lines.length > 0) lines.push('')
    if (object.description) lines.push(...comment(object.description))
    lines.push(`[${section}]`)
    for (const field of definition.fields) {
      if (field.section !== section) continue
      lines.push('', ...comment(field.description), `  # env: ${field.env}   flag: --${field.flags[0]}`)
      const absent = field.fallback === undefined
      const value = absent
        ? ''
        : stringify({ [field.key]: plain(field.fallback) })
            .trim()
            .split('\n')
            .join('\n  #')
      lines.push(
        absent ? `  #${field.key} = ${field.optional ? '' : '  (must be given)'}`.trimEnd() : `  #${value}`,
      )
    }
  }
  return `${lines.join('\n')}\n`
}

function comment(text: string): string[] {
  return text === '' ? [] : text.split('\n').map((line) => `  # ${line}`)
}

function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item)),
  )
}

/** `config check`: one line per setting that is not a default; throws HostError CONFIG as loadConfig does. */
export function checkConfig(definition: ConfigDefinition, from: Parameters<typeof loadConfig>[1]): string {
  const { sources, file } = loadConfig(definition, from)
  const set = [...sources]
    .filter(([, source]) => source !== 'default')
    .map(([path, source]) => `${path} from ${source}`)
  return [`${file ?? 'no file'}: good`, ...set].join('\n')
}

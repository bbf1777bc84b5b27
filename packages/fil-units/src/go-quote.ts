const short: Record<string, string> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
}

const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u

function escaped(character: string): string {
  const known = short[character]
  if (known !== undefined) return known
  if (printable.test(character)) return character
  const code = character.codePointAt(0) ?? 0
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
  return code > 0xffff
    ? `\\U${code.toString(16).padStart(8, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`
}

/** The text in double quotes as Go's %q prints it, so that error texts equal the ones operators search for. */
export function goQuote(text: string): string {
  return `"${[...text].map(escaped).join('')}"`
}

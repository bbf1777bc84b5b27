/**
 * An address as our apps tell it, `f…`, standing by itself in a text: an ID, or a key or actor with its checksum. Not a part of a CID,
 * of a uuid or of a path.
 */
const address = /(?<![\w./-])f(?=(?:0\d{1,20}|[1-3][a-z2-7]{38,84}|4\d{1,20}f[a-z2-7]{7,})(?![\w-]))/g

/** Whether a text has an address that a network may spell otherwise. */
export function namesAddress(text: string): boolean {
  return text.search(address) >= 0
}

/**
 * How a network prints addresses: `f…` on mainnet, `t…` everywhere else. Our apps tell `f…` always; this is the one place where what
 * people and programs read of this command is put into the network's spelling.
 */
export function spelling(prefix: 'f' | 't'): (text: string) => string {
  return prefix === 'f' ? (text) => text : (text) => text.replace(address, 't')
}

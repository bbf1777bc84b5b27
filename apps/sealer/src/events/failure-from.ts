import type { Failure, minerV1 } from '@sealane/proto'

const remedies = ['retry', 'hold', 'drop', 'halt'] as const

/** A remedy as it came over the wire; a word we do not know needs a person. */
export function remedyNamed(word: string): Failure['remedy'] {
  return remedies.find((one) => one === word) ?? 'hold'
}

/** The miner's refusal as a row keeps it; undefined when it refused nothing. */
export function failureFrom(refusal: minerV1.Refusal | undefined): Failure | undefined {
  if (refusal === undefined || refusal.code === '') return undefined
  return { code: refusal.code, remedy: remedyNamed(refusal.remedy), text: refusal.text }
}

import { ChainError } from '@sealane/chain'
import type { Failure } from '@sealane/proto'

/** Errors by which a node answers about what was asked, as opposed to not answering at all. */
const answered: ReadonlySet<string> = new Set(['RPC', 'NOT_FOUND', 'EXECUTION_FAILED', 'BAD_PARAMS'])

/**
 * What the node answers to a question about one deal (a client it does not know) is that deal's trouble, never the others': then the
 * failure to keep on its row. A node that does not answer is everybody's: thrown.
 */
export async function ofThisDeal<Answer>(
  trouble: string,
  asked: Promise<Answer>,
): Promise<{ answer: Answer; failure?: undefined } | { answer?: undefined; failure: Failure }> {
  try {
    return { answer: await asked }
  } catch (error) {
    if (!(error instanceof ChainError) || !answered.has(error.code)) throw error
    return { failure: { code: 'CHAIN_REFUSED', remedy: 'retry', text: `${trouble}: ${error.text}` } }
  }
}

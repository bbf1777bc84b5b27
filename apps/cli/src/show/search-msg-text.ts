import type { MessageLookup } from '@sealane/chain'

/** `state search-msg`, `state wait-msg`. Source: filecoin-project/lotus cli/state.go, as recorded. */
export function messageLookupText({ tipSet, receipt }: MessageLookup): string {
  const { exitCode, gasUsed, return: returned, eventsRoot } = receipt
  return [
    `Executed in tipset: [${tipSet.join(' ')}]`,
    `Exit Code: ${exitCode}`,
    `Gas Used: ${gasUsed}`,
    `Return: ${Buffer.from(returned).toString('hex')}`,
    ...(eventsRoot === undefined ? [] : [`Events Root: ${eventsRoot}`]),
    '',
  ].join('\n')
}

// Decoders that are wrong on purpose: the fuzzer must see each.
const planted = (decode) => () => ({ form: 'text', corpus: ['a'], decode, refuses: () => false })

const kept = []

export const decoders = {
  'planted.good': planted(() => true),
  'planted.untyped': planted((input) => (input.length > 2 ? null.length : true)),
  'planted.hang': planted((input) => {
    for (;;) if (input === 'never said') return true
  }),
  'planted.slow': planted(() => {
    const until = process.threadCpuUsage().user + 80_000
    while (process.threadCpuUsage().user < until);
    return true
  }),
  'planted.memory': planted(() => {
    kept.push(new Uint8Array(2 ** 22).fill(1))
    return true
  }),
  'planted.death': planted(() => process.kill(process.pid, 'SIGKILL')),
}

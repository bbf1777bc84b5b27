import { mutatedBytes, mutatedJson, mutatedText } from './mutate.mjs'
import { Random } from './random.mjs'

/** The modules that hold decoders, by the first word of their names. */
const families = {
  actors: 'actors',
  market: 'market',
  pieces: 'market',
  units: 'units',
  crypto: 'units',
  chain: 'chain',
  devnet: 'devnet',
  proto: 'proto',
  host: 'host',
  jobs: 'apps',
  sealer: 'apps',
  provider: 'apps',
  miner: 'apps',
  cli: 'apps',
}

/**
 * The decoders of a module: functions that prepare, by name,
 *   form     'bytes', 'text' or 'json' (a text too, but changed by its values)
 *   corpus   inputs that are right
 *   decode   takes an input; false, or an error that `refuses` knows, is a refusal
 *   refuses  whether an error is one that the decoder's callers expect: a class of ours with a code
 */
async function decodersOf(module) {
  return (await import(module)).decoders
}

const moduleOf = (family) => new URL(`decoders/${families[family]}.mjs`, import.meta.url).href

/** All decoders that read what a peer, a node or a file says; or those of SEALANE_FUZZ_DECODERS, a module like them. */
export async function decoderNames() {
  const modules = process.env.SEALANE_FUZZ_DECODERS
    ? [process.env.SEALANE_FUZZ_DECODERS]
    : [...new Set(Object.keys(families).map(moduleOf))]
  return (await Promise.all(modules.map(decodersOf))).flatMap((decoders) => Object.keys(decoders))
}

/** One decoder, ready; `make(seed, index)` is its input of that number. */
export async function loadDecoder(name) {
  const decoders = await decodersOf(process.env.SEALANE_FUZZ_DECODERS ?? moduleOf(name.split('.')[0]))
  const decoder = await decoders[name]()
  const { form, corpus } = decoder
  const texts = form === 'json' ? corpus.map((value) => JSON.stringify(value)) : corpus
  const make = (seed, index) => {
    const random = new Random(name, seed, index)
    if (form === 'bytes') return mutatedBytes(random, corpus)
    return form === 'text' ? mutatedText(random, texts) : mutatedJson(random, corpus, texts)
  }
  return { ...decoder, make }
}

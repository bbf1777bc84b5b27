export { type Libp2pPair, libp2pPair } from './libp2p-pair.js'
export { type LocalRedis, localRedis } from './local-redis.js'
export { temporaryDirectory } from './temporary-directory.js'
export { until } from './until.js'

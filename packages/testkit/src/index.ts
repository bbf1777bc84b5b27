export { type LocalRedis, localRedis } from './local-redis.js'
export { temporaryDirectory } from './temporary-directory.js'
export { until } from './until.js'

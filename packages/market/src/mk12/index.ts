export * from './codec.js'
export * from './constants.js'
export * from './deal-uuid.js'
export * from './rules.js'

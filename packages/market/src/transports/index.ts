export * from './codec.js'
export * from './constants.js'

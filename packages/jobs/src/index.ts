export * from './crossing.js'
export * from './home.js'
export * from './kind.js'

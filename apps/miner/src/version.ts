import { createRequire } from 'node:module'

/** This build's version: workers must be of the same. */
export const version = (createRequire(import.meta.url)('../package.json') as { version: string }).version

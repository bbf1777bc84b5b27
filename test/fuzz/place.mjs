/** Where in the shared memory stands what. Numbers are 64 bits wide. */
export const place = { index: 0, busy: 1, accepted: 2, slowestUs: 3, done: 4 }
export const sharedBytes = 5 * 8

// Verifies with the key set of the directory in its first argument, for the parent that forked it: a process verifies
// with one key set, and the tests around it use the devnet's.
import { createVerifier } from '@sealane/proofs'

const directory = process.argv[2]
const verifier = await createVerifier({
  keySet: { name: 'recorded', directory, digest: '', trapdoor: false },
})

process.on('message', async ({ id, method, claim }) => {
  try {
    process.send({ id, valid: await verifier[method](claim) })
  } catch (error) {
    process.send({ id, error: `${error.code}: ${error.message}` })
  }
})
process.send({ ready: true })

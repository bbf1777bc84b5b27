import type { TaskResult, TaskTools } from '../task-tools.js'
import { commit1 } from './commit-1.js'
import { commit2 } from './commit-2.js'
import { finalize } from './finalize.js'
import { postSnark } from './post-snark.js'
import { postVanilla } from './post-vanilla.js'
import { preCommit1 } from './pre-commit-1.js'
import { preCommit2 } from './pre-commit-2.js'
import { unseal } from './unseal.js'

/** Does what a claim says. Throws whatever the task throws; the claim is released with it. */
export async function runTask(tools: TaskTools): Promise<TaskResult> {
  const { work } = tools.task
  switch (work?.$case) {
    case 'preCommit1':
      return await preCommit1(work.value, tools)
    case 'preCommit2':
      return await preCommit2(work.value, tools)
    case 'commit1':
      return await commit1(work.value, tools)
    case 'commit2':
      return await commit2(work.value, tools)
    case 'finalize':
      return await finalize(work.value, tools)
    case 'unseal':
      return await unseal(work.value, tools)
    case 'postVanilla':
      return await postVanilla(work.value, tools)
    case 'postSnark':
      return await postSnark(work.value, tools)
    case undefined:
      throw new TypeError('a claim without work')
  }
}

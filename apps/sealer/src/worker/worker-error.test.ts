import { describe, expect, it } from 'vitest'
import { taskFailure } from './worker-error.js'

describe('a failed task as the coordinator hears it', () => {
  it('on a full disk is tried again elsewhere, with the path and the fix', () => {
    for (const code of ['ENOSPC', 'DISK_FULL']) {
      const failure = taskFailure(Object.assign(new Error('write'), { code }), '/mnt/a')
      expect(failure).toMatchObject({ code: 'DISK_FULL', remedy: 'retry' })
      expect(failure.text).toContain('no space left on /mnt/a: free some there')
    }
  })
  it('on a failing disk is tried again: the sector is not at fault', () => {
    const failure = taskFailure(Object.assign(new Error('read'), { code: 'EIO' }), '/mnt/a')
    expect(failure).toEqual({ code: 'EIO', remedy: 'retry', text: '/mnt/a: read' })
  })
  it('of a kind nobody foresaw waits for a person', () => {
    expect(taskFailure(new TypeError('bug'), undefined).remedy).toBe('hold')
  })
})

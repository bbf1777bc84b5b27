import { describe, expect, it } from 'vitest'
import { withDatabase } from './redis-keeper.js'

describe('REDIS_URL', () => {
  it('keeps its port, password and socket when a database number is put in', () => {
    expect(withDatabase('redis://127.0.0.1:6380', 1)).toBe('redis://127.0.0.1:6380/1')
    expect(withDatabase('redis://:secret@redis.example:6380/7', 0)).toBe(
      'redis://:secret@redis.example:6380/0',
    )
    expect(withDatabase('unix:/run/redis.sock?password=secret', 1)).toBe(
      'unix:/run/redis.sock?password=secret&db=1',
    )
  })
})

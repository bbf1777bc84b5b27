import { describe, expect, it } from 'vitest'
import { parseQueueUrl } from './queue-url.js'

describe('the URL of the queues', () => {
  it.each([
    ['redis://u%40:p%25@h:1/2', { host: 'h', port: 1, db: 2, username: 'u@', password: 'p%' }],
    ['unix:/run/x%20y.sock?password=50%25&db=3', { path: '/run/x y.sock', db: 3, password: '50%' }],
    ['unix:/run/x.sock?user=a+b', { path: '/run/x.sock', db: 0, username: 'a b' }],
  ])('%s is read once unescaped', (url, options) => {
    expect(parseQueueUrl(url)).toMatchObject({ backend: 'redis', options })
  })

  it.each([
    'redis://u:p%@h',
    'unix:/run/%zz',
    'unix:/run/x?db=first',
    'redis://h/1.5',
    'redis://h/-1',
    'http://h',
  ])('%s is refused by name', (url) => {
    expect(() => parseQueueUrl(url)).toThrow(expect.objectContaining({ code: 'QUEUE_URL' }))
  })
})

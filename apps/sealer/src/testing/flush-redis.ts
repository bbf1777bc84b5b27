import { once } from 'node:events'
import { connect } from 'node:net'

/** FLUSHALL, as an operator's slip or an empty replacement does it. `url` as localRedis gives it. */
export async function flushRedis(url: string): Promise<void> {
  const parts = new URL(url)
  const password = parts.password || parts.searchParams.get('password') || ''
  const socket =
    parts.protocol === 'unix:' ? connect(parts.pathname) : connect(Number(parts.port), parts.hostname)
  await once(socket, 'connect')
  socket.write(`${password === '' ? '' : `AUTH ${password}\r\n`}FLUSHALL\r\nQUIT\r\n`)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  if (answer.includes('-')) throw new Error(`Redis: ${answer}`)
}

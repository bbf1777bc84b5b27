import type { Reachability } from '@sealane/proto'
import { describe, expect, it } from 'vitest'
import { recorded } from '../testing/recorded.js'
import { recordedNowMs, runCommand } from '../testing/run-command.js'
import { scriptedApps } from '../testing/scripted-apps.js'
import { scriptedProvider } from '../testing/scripted-provider.js'

const peer = '12D3KooWPhWQduBfQkCgExfwvpAQtT5A2VaBTaZ7PuKaFasefcau'

describe('net ping', () => {
  // Source of the lines: filecoin-project/lotus cli/net.go (NetPing).
  it('prints each pong and the average', async () => {
    const rtts = [250, 252.5]
    const env = await scriptedApps({
      provider: { 'net.ping': async ({ peer: peerId }) => ({ peerId, rttMs: rtts.shift() ?? 0 }) },
    })
    const { out } = await runCommand(`net ping --count 2 --interval 1ms ${peer}`, env)
    expect(out).toBe(
      `PING ${peer}\nPong received: time=250ms\nPong received: time=252.5ms\nAverage latency: 251.25ms\n`,
    )
  })

  it('goes on after one that failed, and fails when all did', async () => {
    let sent = 0
    const env = await scriptedApps({
      provider: {
        'net.ping': async ({ peer: peerId }) => {
          sent += 1
          if (sent !== 2) throw new Error('no route')
          return { peerId, rttMs: 1 }
        },
      },
    })
    const some = await runCommand(`net ping -c 2 -i 1ms ${peer} --json`, env)
    expect(some).toMatchObject({ code: 0, err: expect.stringContaining('Ping failed: error=') })
    expect(JSON.parse(some.out)).toEqual({ peer, rttMs: [1], averageMs: 1 })
    expect((await runCommand(`net ping -c 1 ${peer}`, env)).code).toBe(1)
  })
})

describe('net reachability', () => {
  const found: Reachability = {
    status: 'Unknown',
    peerId: peer,
    addresses: ['/ip4/203.0.113.7/tcp/24001'],
    lastFromOutside: null,
    onChain: null,
  }
  const ask = async (facts: Partial<Reachability>, line = 'net reachability --no-dial') =>
    await runCommand(
      line,
      await scriptedApps({ provider: { 'net.reachability': async () => ({ ...found, ...facts }) } }),
      { nowMs: recordedNowMs },
    )

  it('begins with what lotus printed', async () => {
    const { out, code } = await ask({})
    expect(out.startsWith(recorded('net-reachability'))).toBe(true)
    expect(out).toContain('From outside:    nobody since the provider started\n')
    expect(code).toBe(0)
  })

  it('is public once somebody came in from the internet, and the chain agrees', async () => {
    const { out, code } = await ask({
      status: 'Public',
      lastFromOutside: { peerId: peer, ip: '198.51.100.1', atMs: recordedNowMs - 192_000 },
      onChain: { peerId: peer, addresses: ['/ip4/203.0.113.7/tcp/24001'] },
    })
    expect(out).toBe(`AutoNAT status:  Public
Public address: [/ip4/203.0.113.7/tcp/24001]
From outside:    ${peer} at 198.51.100.1, 3m12s ago
On chain:        the same peer id and addresses
`)
    expect(code).toBe(0)
  })

  it('fails with the command that mends it when the chain tells clients something else', async () => {
    const moved = await ask({ onChain: { peerId: peer, addresses: ['/ip4/203.0.113.8/tcp/1'] } })
    expect(moved.out).toContain('On chain:        /ip4/203.0.113.8/tcp/1: run "sealane actor set-addrs"\n')
    expect(moved.code).toBe(1)
    const nobody = await ask({ onChain: { peerId: null, addresses: [] } })
    expect(nobody.out).toContain('On chain:        peer id none: run "sealane actor set-peer-id"\n')
  })

  it('dials every address from here, as a client would', async () => {
    const { node, stop } = await scriptedProvider()
    const [address = ''] = node.getMultiaddrs().map((one) => one.toString().replace(/\/p2p\/.*/, ''))
    const asked = await ask(
      { peerId: node.peerId.toString(), addresses: [address, '/ip4/127.0.0.1/tcp/1'] },
      'net reachability',
    )
    expect(asked.out).toMatch(new RegExp(`Dialled: +${address} +\\d+m?s\n`))
    expect(asked.out).toMatch(/Dialled: +\/ip4\/127.0.0.1\/tcp\/1 +.*ECONNREFUSED/)
    expect(asked.code).toBe(0)
    await stop()
    expect((await ask({ addresses: [address] }, 'net reachability')).code).toBe(1)
  })
})

describe('net block, protect', () => {
  it('speaks as lotus does', async () => {
    const asked: unknown[] = []
    const blocks = { peers: [peer], ips: ['203.0.113.7'], subnets: [] }
    const env = await scriptedApps({
      provider: {
        'net.blocks': async () => blocks,
        'net.block': async (params) => {
          asked.push(params)
          return blocks
        },
        'net.protect': async ({ peerIds }) => peerIds,
        'net.unprotect': async () => [],
        'net.protected': async () => [peer],
      },
    })
    // Source of the texts: filecoin-project/lotus cli/net.go (NetBlockListCmd, NetProtectAdd).
    const listed = `Blocked Peers:\n\t${peer}\nBlocked IPs:\n\t203.0.113.7\n`
    expect((await runCommand('net block list', env)).out).toBe(listed)
    expect((await runCommand('net block add subnet 203.0.113.0/24 10.0.0.0/8', env)).out).toBe(listed)
    expect(asked).toEqual([{ what: 'subnets', names: ['203.0.113.0/24', '10.0.0.0/8'] }])
    expect((await runCommand(`net protect ${peer}`, env)).out).toBe(`added to protected peers:\n ${peer}\n`)
    expect((await runCommand(`net unprotect ${peer}`, env)).out).toBe(
      `removed from protected peers:\n ${peer}\n`,
    )
    expect((await runCommand('net list-protected', env)).out).toBe(`${peer}\n`)
  })
})

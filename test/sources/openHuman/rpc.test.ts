/** Asking the core: envelopes, refusals, deadlines, pages that move, and when it is asked at all. */
import { afterEach, describe, expect, test } from 'vitest'
import { jsonRpc, RpcError } from '../../../src/sources/openHuman/index.ts'
import { startPolling } from '../../../src/sources/openHuman/poll.ts'
import { unwrap } from '../../../src/sources/openHuman/rpc.ts'
import { walkList } from '../../../src/sources/openHuman/rpcWalk.ts'
import { manualClock } from '../../../src/testing/manualClock.ts'
import { rpcDouble } from './support/rpcDouble.ts'
import type { RpcDouble } from './support/rpcDouble.ts'
import { at12, childRow } from './support/rpcPage.ts'

let core: RpcDouble | null = null
afterEach(async () => {
  await core?.close()
  core = null
})

const row = (number: number) => childRow({ id: `sub-${number}`, updatedAt: at12(number) })

describe('JSON-RPC', () => {
  test.each([
    ['bare', (result: unknown) => result],
    ['{data}', (result: unknown) => ({ data: result })],
    ['{result, logs}', (result: unknown) => ({ result, logs: ['read'] })],
  ])('an answer is the same %s', async (_name, envelope) => {
    core = await rpcDouble()
    core.envelope = envelope
    core.runs = [row(1)]
    const answer = unwrap(await jsonRpc(core.url)('openhuman.run_ledger_get', { id: 'sub-1' }))
    expect(answer).toMatchObject({ run: { id: 'sub-1' } })
  })

  test('a refusal names the method and the reason', async () => {
    core = await rpcDouble()
    core.answers['agent_work_control'] = () => {
      throw new Error("'stop' is not allowed while run is 'completed'")
    }
    const failed = jsonRpc(core.url)('openhuman.agent_work_control', {})
    await expect(failed).rejects.toMatchObject({
      name: 'RpcError',
      kind: 'refused',
      message: "openhuman.agent_work_control: 'stop' is not allowed while run is 'completed'",
    })
  })

  test('who does not answer has failed after the deadline, and nothing is known of it', async () => {
    const clock = manualClock()
    const fetch = (_url: unknown, { signal }: RequestInit = {}): Promise<Response> =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')))
      })
    const call = jsonRpc('http://core', { fetch: fetch as typeof globalThis.fetch, clock, timeoutMs: 5_000 })
    const failed = call('openhuman.run_ledger_list', {}).catch((error: unknown) => error)
    await clock.advance(5_000)
    const error = await failed
    expect(error).toBeInstanceOf(RpcError)
    expect(error).toMatchObject({ kind: 'unreachable', reason: 'no answer within 5 s' })
  })

  test('a page of a proxy is no answer', async () => {
    const fetch = async (): Promise<Response> => new Response('<html>', { status: 502 })
    const failed = jsonRpc('http://core', { fetch })('openhuman.run_ledger_list', {})
    await expect(failed).rejects.toMatchObject({ kind: 'unreachable', reason: 'HTTP 502' })
  })
})

describe('lists', () => {
  const walked = async (double: RpcDouble, newsOnly = false): Promise<string[]> => {
    const taken: string[] = []
    const take = async (each: unknown): Promise<boolean> => {
      taken.push((each as { id: string }).id)
      return false
    }
    const list = { method: 'openhuman.run_ledger_list', rows: 'runs', newsOnly }
    await walkList(jsonRpc(double.url), list, { mark: () => 0, take })
    return taken
  }

  test('openhuman 8.17: a list is read past its limit', async () => {
    core = await rpcDouble()
    core.runs = Array.from({ length: 1_203 }, (_, index) => row(index))
    expect(new Set(await walked(core)).size).toBe(1_203)
  })

  test('openhuman 8.17: a row that moves to the head while the list is read is found there, and none is told twice', async () => {
    core = await rpcDouble()
    core.runs = Array.from({ length: 1_100 }, (_, index) => row(index))
    const { runs } = core
    core.before = ({ params }) => {
      // The oldest of all is written while the first page is on its way.
      if (params['offset'] === 0) runs[0] = { ...row(0), updatedAt: at12(9_999) }
    }
    const taken = await walked(core)
    expect(taken).toContain('sub-0')
    expect(taken.length).toBe(new Set(taken).size)
    expect(taken.length).toBe(1_100)
  })

  test('where only news is wanted, the first page without any is the last', async () => {
    core = await rpcDouble()
    core.runs = Array.from({ length: 1_100 }, (_, index) => row(index))
    await walked(core, true)
    expect(core.named('run_ledger_list').length).toBe(1)
  })
})

describe('polling', () => {
  test('nothing is asked while nobody looks, and at once when somebody does', async () => {
    const clock = manualClock()
    let isVisible = false
    let rounds = 0
    const run = async (): Promise<void> => {
      rounds += 1
    }
    const tasks = [{ everyMs: () => 2_000, run }]
    const polling = startPolling({ clock, pollMs: 2_000, visible: () => isVisible, tasks, failed: () => {} })
    await clock.advance(60_000)
    expect(rounds).toBe(0)
    isVisible = true
    await clock.advance(10_000)
    expect(rounds).toBeGreaterThan(3)
    polling.stop()
    expect(clock.waiting()).toBe(0)
  })

  test('what fails is asked later and later, and what the core does not have never again', async () => {
    const clock = manualClock()
    const asked = { failing: 0, missing: 0 }
    const reasons: (string | null)[] = []
    const polling = startPolling({
      clock,
      pollMs: 1_000,
      visible: () => true,
      failed: (reason) => reasons.push(reason),
      tasks: [
        {
          everyMs: () => 1_000,
          run: async () => {
            asked.failing += 1
            throw new RpcError('openhuman.workflow_run_list', 'unreachable', 'gone')
          },
        },
        {
          everyMs: () => 1_000,
          run: async () => {
            asked.missing += 1
            throw new RpcError('openhuman.agent_team_list', 'refused', 'unknown method', -32601)
          },
        },
      ],
    })
    await clock.advance(60_000)
    expect(asked.missing).toBe(1)
    expect(asked.failing).toBeGreaterThan(2)
    expect(asked.failing).toBeLessThan(10)
    expect(reasons).toContain('openhuman.workflow_run_list: gone')
    polling.stop()
  })
})

import { describe, expect, it } from 'vitest'
import type { MessagePortLike } from '../../src/orchestrator/protocol.ts'
import { randomIds, systemClock, webLocks } from '../../src/platform/browser.ts'
import { createLockRegistry, memoryLocks } from '../../src/platform/memoryLocks.ts'
import { manualClock } from '../../src/testing/manualClock.ts'

describe('Locks in memory', () => {
  it('are seen by all who share the registry, and held by one at a time', async () => {
    const registry = createLockRegistry()
    const [a, b] = [memoryLocks(registry), memoryLocks(registry)]
    const order: string[] = []
    const releaseA = await a.hold('x')
    const waiting = b.hold('x').then((release) => {
      order.push('b')
      return release
    })
    expect(await b.held()).toEqual(new Set(['x']))
    expect(await memoryLocks().held()).toEqual(new Set())
    order.push('a done')
    releaseA()
    const releaseB = await waiting
    expect(order).toEqual(['a done', 'b'])
    releaseA()
    expect(await a.held()).toEqual(new Set(['x']))
    releaseB()
    expect(await a.held()).toEqual(new Set())
  })

  it('are lost with their holder, its place in queues as well', async () => {
    const registry = createLockRegistry()
    const [a, b, c] = [memoryLocks(registry), memoryLocks(registry), memoryLocks(registry)]
    await a.hold('x')
    await a.hold('y')
    let granted = ''
    void b.hold('x').then(() => (granted += 'b'))
    void c.hold('x').then(() => (granted += 'c'))
    b.die()
    a.die()
    expect(await c.held()).toEqual(new Set(['x']))
    expect(granted).toBe('c')
  })
})

describe('The platform', () => {
  it('has locks, or says that it cannot know', async () => {
    const locks = webLocks()
    const release = await locks.hold('run-ledger:test')
    const held = await locks.held()
    expect(held === null || held.has('run-ledger:test')).toBe(true)
    release()
  })

  it('has a clock whose timers can be called off', async () => {
    let fired = 0
    const cancel = systemClock.setTimeout(() => (fired += 10), 5)
    cancel()
    const before = systemClock.monotonic()
    await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 10))
    expect(systemClock.monotonic()).toBeGreaterThan(before)
    expect(Number.isSafeInteger(systemClock.now())).toBe(true)
    expect(fired).toBe(0)
  })

  it('names things uniquely, in insecure pages too', () => {
    expect(randomIds.next()).not.toBe(randomIds.next())
    const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
    expect(randomIds.next()).toMatch(uuid)
    const randomUUID = crypto.randomUUID
    Object.defineProperty(crypto, 'randomUUID', { value: undefined, configurable: true })
    try {
      expect(randomIds.next()).toMatch(uuid)
    } finally {
      Object.defineProperty(crypto, 'randomUUID', { value: randomUUID, configurable: true })
    }
  })

  it('has workers and ports that fit without a cast', () => {
    const worker: (each: Worker) => MessagePortLike = (each) => each
    const port: (each: MessagePort) => MessagePortLike = (each) => each
    expect([worker, port]).toHaveLength(2)
  })
})

describe('A manual clock', () => {
  it('fires what is due in order, also what is set on the way', async () => {
    const clock = manualClock()
    const fired: string[] = []
    clock.setTimeout(() => fired.push('late'), 30)
    clock.setTimeout(() => {
      fired.push('first')
      clock.setTimeout(() => fired.push('second'), 10)
    }, 10)
    clock.setTimeout(() => fired.push('never'), 10)()
    const start = clock.now()
    await clock.advance(20)
    expect(fired).toEqual(['first', 'second'])
    await clock.advance(10)
    expect(fired).toEqual(['first', 'second', 'late'])
    expect(clock.now() - start).toBe(30)
    expect(clock.waiting()).toBe(0)
  })
})

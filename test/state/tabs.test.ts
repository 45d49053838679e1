/** Several tabs over one database: who is connected, what the others show, what a death costs. Laws T1, T2, W5, O1. */
import { afterAll, describe, expect, test } from 'vitest'
import { selectThreadRows } from '../../src/index.ts'
import { lifecycleOf } from '../../src/core/entities.ts'
import type { LogId } from '../../src/core/ids.ts'
import { followed } from '../../src/state/actions.ts'
import { at, keysOf } from '../../src/state/table.ts'
import type { CoreEvent } from '../../src/testing/sharedCore.ts'
import { historyOf, settleAll } from './support/tabLaws.ts'
import { openBrowser } from './support/tabs.ts'
import type { Browser, Tab } from './support/tabs.ts'

const RUN = 'r:a'
const browsers: Browser[] = []

function newBrowser(): Browser {
  const browser = openBrowser()
  browsers.push(browser)
  return browser
}
afterAll(() => Promise.all(browsers.map((browser) => browser.end())))

const begun = (log = RUN): CoreEvent[] => [
  { log, type: 'run.registered', payload: { kind: 'subagent', agentName: 'A', parentThreadId: 't' } },
  { log, type: 'run.transitioned', payload: { to: 'running', trigger: 'spawn' } },
]
const step = (iteration: number, log = RUN): CoreEvent => ({
  log,
  type: 'iteration.started',
  payload: { iteration },
})
const tool = (callId: string, log = RUN): CoreEvent => ({
  log,
  type: 'tool.started',
  payload: { callId, name: 'search' },
})

const connected = (tab: Tab): boolean => tab.state().ledger.sources['core']?.state === 'connected'
const headOf = (tab: Tab, log: LogId = RUN): number => {
  const record = at(tab.state().runs.records, log)
  return record === undefined ? 0 : lifecycleOf(record).lastSequence
}

describe('one source, several tabs', () => {
  test('T1 one tab is connected; the others show what it commits, row by row, and say that it is elsewhere', async () => {
    const browser = newBrowser()
    const [leader, follower] = [await browser.open(), await browser.open()]
    expect(browser.core.connections()).toBe(1)
    expect([connected(leader), connected(follower)]).toEqual([true, false])
    expect(follower.state().ledger.sources['core']).toEqual({ state: 'elsewhere', error: null })
    browser.core.emit(begun())
    await browser.pass(200)
    expect(headOf(follower)).toBe(2)
    browser.core.emit([tool('c1')])
    await browser.pass(200)
    expect(follower.state().runs.records).toEqual(leader.state().runs.records)
    expect(selectThreadRows(follower.state(), 't')).toEqual(selectThreadRows(leader.state(), 't'))
    expect(keysOf(follower.state().runs.followed)).toEqual([RUN])
    expect(keysOf(leader.state().runs.followed)).toEqual([])
    expect(keysOf(follower.state().runs.unconfirmed)).toEqual([])
    await settleAll(browser)
  })

  test('T1 the events of an opened run arrive in its tail, the calls among its tool rows', async () => {
    const browser = newBrowser()
    const [leader, follower] = [await browser.open(), await browser.open()]
    browser.core.emit(begun())
    await browser.pass(200)
    await browser.pass(0)
    const opening = follower.ledger.openRun(RUN)
    await browser.pass(100)
    expect(await opening).toBe(true)
    browser.core.emit([tool('c1'), step(2), tool('c2')])
    await browser.pass(200)
    expect(at(follower.state().runs.tails, RUN)?.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5])
    expect(at(follower.state().runs.toolCalls, RUN)?.calls).toEqual(
      at(leader.state().runs.toolCalls, RUN)?.calls,
    )
  })

  test('T1 many commits cost one dispatch a frame in the tabs that follow', async () => {
    const browser = newBrowser()
    await browser.open()
    const follower = await browser.open()
    browser.core.emit(begun())
    await browser.pass(200)
    follower.freeze()
    for (let at = 1; at <= 20; at += 1) {
      browser.core.emit([step(at)])
      await browser.pass(50)
    }
    const before = follower.actions.filter((action) => followed.match(action)).length
    follower.thaw()
    await browser.pass(300)
    expect(headOf(follower)).toBe(22)
    // One for what was announced, one for the look around when it is back.
    expect(follower.actions.filter((action) => followed.match(action)).length - before).toBeLessThanOrEqual(2)
  })

  test('fault F20: what is announced while a tab is loading is read once it has loaded', async () => {
    const browser = newBrowser()
    await browser.open()
    browser.core.emit(begun())
    await browser.pass(200)
    const opening = browser.open()
    for (let at = 1; at <= 12; at += 1) {
      browser.core.emit([step(at)])
      await browser.pass(50)
    }
    const follower = await opening
    await browser.pass(100)
    expect(headOf(follower)).toBe(14)
  })

  test('fault F20: a lost message is healed when the tab is looked at', async () => {
    const browser = newBrowser()
    await browser.open()
    const follower = await browser.open()
    browser.deaf = true
    browser.core.emit([...begun(), ...begun('r:b')])
    await browser.pass(200)
    expect(headOf(follower)).toBe(0)
    follower.back()
    await browser.pass(100)
    expect([headOf(follower), headOf(follower, 'r:b')]).toEqual([2, 2])
    // From then on they are in flight here, too: asked about again and again.
    browser.core.emit([step(1)])
    await browser.pass(31_000)
    expect(headOf(follower)).toBe(3)
  })
})

describe('losing the leader', () => {
  test.each(['die', 'close'] as const)(
    'T2 after %s the next tab is connected at once and goes on where the disk is',
    async (how) => {
      const browser = newBrowser()
      const [leader, next] = [await browser.open(), await browser.open()]
      browser.core.emit(begun())
      await browser.pass(200)
      // On its way to the disk when the tab ends.
      browser.core.emit([step(1), step(2)])
      await leader[how]()
      await browser.pass(200)
      expect(connected(next)).toBe(true)
      browser.core.emit([step(3)])
      await settleAll(browser)
      expect(await historyOf(browser.ledger, RUN)).toHaveLength(5)
    },
  )

  test('T2 F17 a frozen leader is robbed by a tab in view, after two seconds, and follows once it thaws', async () => {
    const browser = newBrowser()
    const [leader, next] = [await browser.open(), await browser.open()]
    browser.core.emit(begun())
    await browser.pass(200)
    leader.freeze()
    browser.core.emit([step(1)])
    await browser.pass(1_500)
    expect(connected(next)).toBe(false)
    await browser.pass(1_500)
    expect(connected(next)).toBe(true)
    browser.core.emit([step(2), step(3)])
    await browser.pass(500)
    expect(headOf(next)).toBe(5)
    leader.thaw()
    await browser.pass(500)
    expect(connected(leader)).toBe(false)
    expect(headOf(leader)).toBe(5)
    browser.core.emit([step(4)])
    await settleAll(browser)
    expect(browser.core.connections()).toBe(1)
  })

  test('T2 a leader that sleeps and wakes at once doubles nothing of what it had not written yet', async () => {
    const browser = newBrowser()
    const tab = await browser.open()
    browser.core.emit(begun())
    await browser.pass(200)
    const persisted = (): number | undefined => at(tab.state().runs.persisted, RUN)
    // Time stands still: what follows a write waits for the gap between two.
    const until = async (isTrue: () => boolean): Promise<void> => {
      for (let turns = 0; turns < 500 && !isTrue(); turns += 1)
        await new Promise<void>((resolve) => void setImmediate(resolve))
    }
    browser.core.emit([step(1)])
    await until(() => persisted() === 3)
    browser.core.emit([step(2)])
    await until(() => headOf(tab) === 4)
    expect([headOf(tab), persisted()]).toEqual([4, 3])
    tab.sleep()
    tab.back()
    browser.core.emit([step(3)])
    await until(() => headOf(tab) > 4)
    expect(persisted()).toBe(3)
    await settleAll(browser)
    expect((await historyOf(browser.ledger, RUN)).map(({ position }) => position)).toEqual([1, 2, 3, 4, 5])
  })

  test('T2 a tab nobody looks at robs no one, and a leader that answers is left alone', async () => {
    const browser = newBrowser()
    const [leader, hidden, seen] = [await browser.open(), await browser.open(), await browser.open()]
    hidden.visible = false
    // At no time: a leader that was robbed would rob in turn.
    for (let second = 0; second < 10; second += 1) {
      await browser.pass(1_000)
      expect([connected(leader), connected(seen)]).toEqual([true, false])
    }
    seen.die()
    leader.freeze()
    await browser.pass(10_000)
    expect(connected(hidden)).toBe(false)
    hidden.visible = true
    await browser.pass(3_000)
    expect(connected(hidden)).toBe(true)
  })
})

describe('commands from any tab', () => {
  const stop = { log: RUN, verb: 'stop', payload: null } as const
  const statesOf = (tab: Tab): string[] => Object.values(tab.state().runs.commands).map(({ state }) => state)

  test('O1 T1 a tab that follows queues a command, the connected one sends it, both see it applied', async () => {
    const browser = newBrowser()
    const [leader, follower] = [await browser.open(), await browser.open()]
    browser.core.emit(begun())
    await browser.pass(200)
    const sending = follower.ledger.send(stop)
    await browser.pass(300)
    expect((await sending).state).toBe('queued')
    expect(browser.core.sent).toHaveLength(1)
    expect([statesOf(leader), statesOf(follower)]).toEqual([['applied'], ['applied']])
    expect(await browser.ledger.listCommands()).toMatchObject([{ state: 'applied' }])
  })

  test('O1 T1 a command whose tab died before it could say so is found by the connected one, which saw nothing', async () => {
    const browser = newBrowser()
    const [leader, follower] = [await browser.open(), await browser.open()]
    browser.core.emit(begun())
    await browser.pass(1_000)
    browser.deaf = true
    const sending = follower.ledger.send(stop)
    await browser.pass(300)
    expect((await sending).state).toBe('queued')
    follower.die()
    expect([statesOf(leader), browser.core.sent]).toEqual([[], []])
    await browser.pass(31_000)
    expect(statesOf(leader)).toEqual(['applied'])
    expect(browser.core.sent).toHaveLength(1)
  })

  test.each([
    ['before it was sent', true],
    ['after it was sent', false],
  ])('O1 T2 a leader that dies %s leaves the command to the next; it has one effect', async (_, before) => {
    const browser = newBrowser()
    const [leader, follower] = [await browser.open(), await browser.open()]
    browser.core.emit(begun())
    await browser.pass(200)
    if (before) leader.freeze()
    const sending = follower.ledger.send(stop)
    if (before) await browser.pass(300)
    else for (let at = 0; at < 400 && browser.core.sent.length === 0; at += 1) await browser.pass(1)
    await sending
    leader.die()
    await browser.pass(2_000)
    await settleAll(browser)
    expect(statesOf(follower)).toEqual(['applied'])
    expect(browser.core.history.filter(({ type }) => type === 'control.settled')).toHaveLength(1)
  })
})

describe('what another tab does to what is shown', () => {
  const done = (log = RUN): CoreEvent => ({
    log,
    type: 'run.transitioned',
    payload: { to: 'completed', trigger: 'result_received' },
  })

  test('T1 W6 what one tab deletes is let go by the others, and by nobody who only hears of it', async () => {
    const browser = newBrowser()
    const [leader, follower] = [await browser.open(), await browser.open()]
    browser.core.emit([...begun(), done(), ...begun('r:b'), done('r:b')])
    await browser.pass(200)
    const preview = await leader.ledger.retention.preview({ maxRuns: 1 })
    const pruning = leader.ledger.retention.prune(preview)
    await browser.pass(200)
    expect((await pruning).trees).toBe(1)
    const held = keysOf(leader.state().runs.records)
    expect(held).toHaveLength(1)
    expect(keysOf(follower.state().runs.records)).toEqual(held)
    // A lie moves nothing: the disk still has it.
    browser.shout({ kind: 'deleted', logs: held })
    await browser.pass(200)
    expect(keysOf(leader.state().runs.records)).toEqual(held)
  })
})

/**
 * Any interleaving of work, deaths, freezes, thefts and new tabs leaves one log, equal to what the core told.
 * Laws T1, T2, W5.
 */
import fc from 'fast-check'
import type { CoreEvent } from '../../src/testing/sharedCore.ts'
import { asyncProperty } from '../support/property.ts'
import { settleAll } from './support/tabLaws.ts'
import { openBrowser } from './support/tabs.ts'
import type { Browser } from './support/tabs.ts'

type Step =
  | { kind: 'tell'; log: string; count: number; refused: boolean }
  | { kind: 'pass'; ms: number }
  | { kind: 'open' | 'deaf' | 'hearing' }
  | { kind: 'die' | 'close' | 'freeze' | 'thaw' | 'stall' | 'flow' | 'hide' | 'show'; tab: number }
  | { kind: 'look'; tab: number; log: 'r:a' }

const logs = fc.constantFrom('r:a', 'r:b', 'r:c')
const tab = fc.nat(3)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('tell'),
      log: logs,
      count: fc.integer({ min: 1, max: 4 }),
      refused: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('pass'), ms: fc.constantFrom(1, 20, 50, 300, 3_000) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('freeze', 'thaw'), tab }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('stall', 'flow'), tab }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('die', 'close', 'hide', 'show'), tab }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('open', 'deaf', 'hearing') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('look'), tab, log: logs }) },
) as fc.Arbitrary<Step>

const TABS = 4

async function run(steps: readonly Step[], locks = true): Promise<void> {
  const browser = openBrowser({ locks })
  const told = new Map<string, number>()
  try {
    await browser.open()
    for (const each of steps) await take(browser, told, each)
    browser.deaf = false
    await settleAll(browser, locks ? 1 : null)
    // The next start goes on where the disk is.
    for (const each of browser.tabs) each.die()
    browser.core.emit(tell(told, 'r:a', 1))
    await settleAll(browser)
  } finally {
    await browser.end()
  }
}

async function take(browser: Browser, told: Map<string, number>, step: Step): Promise<void> {
  const alive = browser.tabs.filter((each) => each.isAlive())
  switch (step.kind) {
    case 'tell':
      browser.core.emit(tell(told, step.log, step.count))
      // No status is called so.
      if (step.refused)
        browser.core.emit([{ log: step.log, type: 'run.transitioned', payload: { refused: true } }])
      return
    case 'pass':
      return browser.pass(step.ms)
    case 'open':
      if (alive.length < TABS) await browser.open()
      return
    case 'deaf':
    case 'hearing':
      browser.deaf = step.kind === 'deaf'
      return
    default: {
      const one = alive[step.tab % Math.max(1, alive.length)]
      if (one === undefined) return
      if (step.kind === 'die') one.die()
      else if (step.kind === 'freeze') one.freeze()
      else if (step.kind === 'thaw') one.thaw()
      else if (step.kind === 'stall' || step.kind === 'flow') one.stall(step.kind === 'stall')
      else if (step.kind === 'hide' || step.kind === 'show') one.visible = step.kind === 'show'
      else if (!one.isRunning()) return
      else if (step.kind === 'close') await one.close()
      // Reads from the disk what this tab may hear of again from the core.
      else if (step.kind === 'look') void one.ledger.openRun(step.log).catch(() => {})
    }
  }
}

/** A run registers, runs, and goes on for ever. */
function tell(told: Map<string, number>, log: string, count: number): CoreEvent[] {
  return Array.from({ length: count }, () => {
    const at = told.get(log) ?? 0
    told.set(log, at + 1)
    if (at === 0) return { log, type: 'run.registered', payload: { kind: 'subagent', parentThreadId: 't' } }
    if (at === 1) return { log, type: 'run.transitioned', payload: { to: 'running', trigger: 'spawn' } }
    return { log, type: 'iteration.started', payload: { iteration: at } }
  })
}

const interleavings = fc.array(step, { minLength: 4, maxLength: 25 })

asyncProperty(
  'T1 T2 W5 tabs that come, freeze, rob and die leave one log, and all of them show it',
  interleavings,
  (steps) => run(steps),
  60,
)

asyncProperty(
  'T2 W5 without locks all tabs are connected at once, and still nothing is lost or doubled',
  interleavings,
  (steps) => run(steps, false),
  60,
)

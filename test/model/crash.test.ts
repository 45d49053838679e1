/**
 * The whole stack in a world where pages die at any write, the source repeats, reorders and loses, and one copy may
 * be gone or shorter in the morning. After every start: what was acknowledged is there, once, and what is shown is
 * the fold of what is stored. SPEC W1, W2, W6, F1, H1.
 */
import 'fake-indexeddb/auto'
import fc from 'fast-check'
import { expect } from 'vitest'
import { dyingAt } from '../ledger/support/crash.ts'
import type { CrashPoint } from '../ledger/support/crash.ts'
import { asyncProperty } from '../support/property.ts'
import { World } from './world.ts'
import type { Misfortune } from './world.ts'

const amount = fc.integer({ min: 1, max: 12 })
const crash: fc.Arbitrary<CrashPoint> = fc.oneof(
  fc.record({ at: fc.constant('put' as const), nth: fc.integer({ min: 1, max: 20 }) }),
  fc.constant({ at: 'commit' as const }),
  fc.constant({ at: 'receipt' as const }),
)
const misfortune = fc.constantFrom<Misfortune>(
  'none',
  'none',
  'wipe ledger',
  'roll back',
  'wipe journal',
  'cut journal',
)

const op = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant('append' as const), amount }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('repeat' as const), amount }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('shuffle' as const), amount }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('lose' as const), amount }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('find' as const) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('nonsense' as const) }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('settle' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('die' as const),
      amount,
      crash,
      misfortune,
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      jump: fc.integer({ min: -1, max: 1 }),
    }),
  },
)

const NONSENSE: readonly unknown[] = [
  null,
  'text',
  { log: 'r:one' },
  { log: 'x', type: 'run.registered', position: -1 },
  JSON.parse(
    '{"log":"r:one","type":"foreign","position":"k","timestamp":1,"payload":{"__proto__":{"polluted":1}}}',
  ),
]

asyncProperty(
  'W1 W2 W6 F1 H1 whatever happens: acknowledged ⊆ stored ⊆ said, each once, rows and store are the fold',
  fc.record({ seed: fc.nat(100_000), ops: fc.array(op, { minLength: 1, maxLength: 25 }) }),
  async ({ seed, ops }) => {
    const world = new World(seed)
    await world.boot(0)
    for (const each of ops) {
      if (each.op === 'append') world.emit(world.say(each.amount))
      if (each.op === 'repeat') world.emit(world.history.slice(-each.amount))
      if (each.op === 'shuffle') world.emit(world.shuffled(world.say(each.amount)))
      if (each.op === 'lose') {
        world.withheld.add(world.history.length + 1)
        world.say(1)
        world.emit(world.say(each.amount))
        await world.wait()
      }
      if (each.op === 'find') {
        const found = [...world.withheld]
        world.withheld.clear()
        world.emit(found.map((position) => world.history[position - 1]))
      }
      if (each.op === 'nonsense') world.emit(NONSENSE)
      if (each.op === 'settle') await world.settle()
      if (each.op === 'die') {
        await dyingAt(each.crash, () => {
          world.emit(world.say(each.amount))
          return world.underWay()
        })
        world.die()
        await world.suffer(each.misfortune, each.share)
        await world.boot(each.jump)
        await world.settle()
        expect(await world.broken()).toEqual([])
        // Only what both copies are damaged by could be lost: the next night finds both whole.
        if (each.misfortune === 'wipe ledger') expect(world.state.ledger.integrity?.lostEvents ?? 0).toBe(0)
      }
    }
    await world.settle()
    expect(await world.broken()).toEqual([])
    await world.end()
  },
  60,
)

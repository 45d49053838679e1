/** Retention is a plan over whole trees: pure, total, and never about what is pinned, waits or goes on. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { accept } from '../../src/core/accept.ts'
import type { LogRecord } from '../../src/core/entities.ts'
import type { SourceEvent } from '../../src/core/events.ts'
import type { LogId } from '../../src/core/ids.ts'
import { isAsPlanned, planRetention, toRetentionNode, treesOf } from '../../src/ledger/retention.ts'
import type { RetentionNode } from '../../src/ledger/retention.ts'
import { ended, started, T0, tells } from '../../src/testing/conformance/samples.ts'

const DAY = 86_400_000
const NOW = T0 + 100 * DAY
const NONE: ReadonlySet<string> = new Set()

const records = (events: readonly SourceEvent[]): readonly LogRecord[] =>
  accept(() => undefined, events).changes.map(({ record }) => record)
const nodes = (events: readonly SourceEvent[]): RetentionNode[] => records(events).map(toRetentionNode)

const node = (log: LogId, endedAt: number, rest: Partial<RetentionNode> = {}): RetentionNode => ({
  log,
  head: 3,
  settled: true,
  waiting: false,
  startedAt: endedAt - 10,
  endedAt,
  title: log,
  links: [],
  ...rest,
})

describe('trees', () => {
  test('a workflow run, its runs and what those started are one tree, in whatever order they come', () => {
    const told = [
      started('w:flow', 0),
      started('r:child', 1, { workflowRunId: 'flow', agentName: 'Child' }),
      started('r:grandchild', 2, { parentRunId: 'child' }),
      started('r:adopted', 3, { parentRunId: 'elsewhere' }),
      started('r:sibling', 4, { parentRunId: 'elsewhere' }),
      started('r:alone', 5),
      tells('w:flow', 'run.linked', { childRunId: 'linked' }, 6),
      started('r:linked', 7),
    ]
    const shapes = (list: readonly RetentionNode[]) =>
      treesOf(list)
        .map(({ root, nodes: of }) => [root, of.map(({ log }) => log).toSorted()] as const)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
    const all = nodes(told)
    expect(shapes(all)).toEqual([
      ['r:adopted', ['r:adopted', 'r:sibling']],
      ['r:alone', ['r:alone']],
      ['w:flow', ['r:child', 'r:grandchild', 'r:linked', 'w:flow']],
    ])
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
        expect(shapes(shuffled)).toEqual(shapes(all))
      }),
      { numRuns: 20 },
    )
  })

  test('a circle of parents and a run that is its own parent are trees like others', () => {
    const circle = treesOf([
      node('r:a', 1, { links: ['r:b'] }),
      node('r:b', 2, { links: ['r:c'] }),
      node('r:c', 3, { links: ['r:a', 'r:c'] }),
    ])
    expect(circle.map(({ nodes: of }) => of.length)).toEqual([3])
  })

  test('a thousand links in a row are one tree', () => {
    const chain = Array.from({ length: 1_000 }, (_, at) => node(`r:${at}`, at, { links: [`r:${at + 1}`] }))
    expect(treesOf(chain)).toHaveLength(1)
  })
})

describe('plans', () => {
  test('without a limit nothing is ever deleted', () => {
    const plan = planRetention([node('r:a', 0), node('r:b', 1)], {}, NONE, NOW)
    expect(plan).toEqual({
      trees: [],
      kept: { 'within-limits': 2, unsettled: 0, waiting: 0, pinned: 0 },
    })
  })

  test('age is that of the last end in a tree', () => {
    const old = NOW - 31 * DAY
    const list = [
      node('w:old', old),
      node('r:late', NOW - DAY, { links: ['w:old'] }),
      node('w:gone', old),
      node('r:gone', old + 1, { links: ['w:gone'] }),
      node('r:exactly', NOW - 30 * DAY),
    ]
    const plan = planRetention(list, { maxAgeDays: 30 }, NONE, NOW)
    expect(plan.trees).toEqual([
      {
        root: 'w:gone',
        title: 'w:gone',
        logs: [
          { log: 'w:gone', head: 3 },
          { log: 'r:gone', head: 3 },
        ],
        events: 6,
        startedAt: old - 10,
        endedAt: old + 1,
        because: 'age',
      },
    ])
    expect(plan.kept['within-limits']).toBe(2)
  })

  test('count keeps the trees that ended last; protected ones take places and never go', () => {
    const list = [
      node('r:1', 1),
      node('r:2', 2),
      node('r:3', 3, { settled: false }),
      node('r:4', 4, { settled: false, waiting: true }),
      node('r:5', 5),
      node('r:6', 6),
      node('r:7', 7),
    ]
    const plan = planRetention(list, { maxRuns: 2 }, new Set(['5', 'r:2']), NOW)
    expect(plan.trees.map(({ root, because }) => [root, because])).toEqual([['r:1', 'count']])
    expect(plan.kept).toEqual({ 'within-limits': 2, unsettled: 1, waiting: 1, pinned: 2 })
    expect(planRetention(list, { maxRuns: 0 }, NONE, NOW).trees).toHaveLength(5)
  })

  test('one unsettled, waiting or pinned log keeps its whole tree', () => {
    const tree = (rest: Partial<RetentionNode>) => [
      node('w:t', 1),
      node('r:t', 1, { links: ['w:t'], ...rest }),
    ]
    const reasons = [tree({ settled: false }), tree({ settled: false, waiting: true })].map((list) => {
      const { kept, trees } = planRetention(list, { maxRuns: 0 }, NONE, NOW)
      return [trees.length, kept.unsettled, kept.waiting]
    })
    expect(reasons).toEqual([
      [0, 1, 0],
      [0, 0, 1],
    ])
    expect(planRetention(tree({}), { maxRuns: 0 }, new Set(['t']), NOW).kept.pinned).toBe(1)
  })

  test('what waits for a person is recognised from its record', () => {
    const list = nodes([
      started('r:asks', 0, { status: 'awaiting_user' }),
      started('r:paused', 0, { status: 'paused' }),
      started('r:runs', 0),
      started('r:done', 0),
      ended('r:done', 5),
    ])
    expect(list.map(({ log, settled, waiting }) => [log, settled, waiting])).toEqual([
      ['r:asks', false, true],
      ['r:paused', false, true],
      ['r:runs', false, false],
      ['r:done', true, false],
    ])
  })

  test('any mix: only whole, settled, unpinned trees go, each log once, and every tree is accounted for', () => {
    const anyNode = fc.record({
      log: fc.constantFrom<LogId>(...Array.from({ length: 12 }, (_, at): LogId => `r:${at}`)),
      settled: fc.boolean(),
      waiting: fc.boolean(),
      endedAt: fc.integer({ min: 0, max: 20 }),
      link: fc.option(fc.integer({ min: 0, max: 11 })),
    })
    fc.assert(
      fc.property(
        fc.uniqueArray(anyNode, { selector: ({ log }) => log }),
        fc.option(fc.integer({ min: 0, max: 5 })),
        fc.option(fc.integer({ min: 0, max: 20 })),
        fc.subarray(['0', '3', 'r:5']),
        (list, maxRuns, age, pins) => {
          const all = list.map(({ log, settled, waiting, endedAt, link }) =>
            node(log, endedAt * DAY, {
              settled: settled && !waiting,
              waiting,
              links: link === null ? [] : [`r:${link}`],
            }),
          )
          const policy = { ...(maxRuns !== null && { maxRuns }), ...(age !== null && { maxAgeDays: age }) }
          const plan = planRetention(all, policy, new Set(pins), 20 * DAY)
          const trees = treesOf(all)
          const going = plan.trees.flatMap(({ logs }) => logs.map(({ log }) => log))
          expect(new Set(going).size).toBe(going.length)
          for (const planned of plan.trees) {
            const tree = trees.find(({ root }) => root === planned.root)
            expect(tree !== undefined && isAsPlanned(tree, planned)).toBe(true)
            for (const each of tree?.nodes ?? []) {
              expect([
                each.settled,
                each.waiting,
                pins.includes(each.log.slice(2)),
                pins.includes(each.log),
              ]).toEqual([true, false, false, false])
            }
          }
          const stay = Object.values(plan.kept).reduce((sum, count) => sum + count, 0)
          expect(stay + plan.trees.length).toBe(trees.length)
          if (maxRuns === null && age === null) expect(plan.trees).toEqual([])
        },
      ),
      { numRuns: 20 },
    )
  })

  test('a tree with another event, another log or one fewer is not what was planned', () => {
    const list = [node('w:t', 1), node('r:t', 1, { links: ['w:t'] })]
    const [planned] = planRetention(list, { maxRuns: 0 }, NONE, NOW).trees
    if (planned === undefined) throw new Error('nothing planned')
    const now = (changed: RetentionNode[]) => treesOf(changed).map((tree) => isAsPlanned(tree, planned))
    expect(now(list)).toEqual([true])
    expect(now([node('w:t', 1), node('r:t', 1, { links: ['w:t'], head: 4 })])).toEqual([false])
    expect(now([...list, node('r:new', 2, { links: ['r:t'] })])).toEqual([false])
    expect(now([node('w:t', 1)])).toEqual([false])
  })
})

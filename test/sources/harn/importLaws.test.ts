/** What holds for any file: nothing throws, nothing is lost without a word, twice is once, order and age decide nothing. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { importHarnRun } from '../../../src/sources/harn/importRun.ts'
import { exportHarnRun } from '../../../src/sources/harn/export.ts'
import { property as propertyOf } from '../../support/property.ts'
import { folded } from './support/fold.ts'
import { at, record, stage, transition } from './support/records.ts'

/** Each run imports several files. */
const property = <Value>(name: string, values: fc.Arbitrary<Value>, check: (value: Value) => void): void =>
  propertyOf(name, values, check, 40)

const text = (value: unknown): string => JSON.stringify(value)
const FIELDS = [
  ...Object.keys(record()),
  'transcript',
  'usage',
  'observability',
  'replay_fixture',
  'execution',
  'unheard_of',
]
const STAGE_FIELDS = [...Object.keys(stage('plan', 1)), 'transcript', 'usage', 'verification']

/** JSON without what is left out on purpose: the name `__proto__`, environments and what looks like a secret. */
const json = fc
  .jsonValue({ maxDepth: 4 })
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll('__proto__', 'proto')) as unknown)

/** A good record with anything at all in some of its fields. */
const damaged = fc
  .tuple(
    fc.dictionary(fc.constantFrom(...FIELDS), json, { maxKeys: 4 }),
    fc.dictionary(fc.constantFrom(...STAGE_FIELDS), json, { maxKeys: 4 }),
    fc.array(json, { maxLength: 2 }),
  )
  .map(([fields, inStage, more]) =>
    record({ stages: [stage('plan', 1, inStage), stage('write', 2), ...more], ...fields }),
  )

describe('any content', () => {
  property(
    'A1 A3: nothing throws, and the whole file comes back but for what the report names',
    damaged,
    (value) => {
      const result = importHarnRun(text(value))
      const { text: exported, missing } = exportHarnRun(result.events)
      expect(missing).toEqual([])
      if (result.report.records === 0) {
        expect(result.report.skipped).not.toEqual([])
        return
      }
      if (result.report.secrets.length > 0) return
      expect(JSON.parse(exported ?? 'null')).toEqual(JSON.parse(text(value)))
    },
  )

  property('A2: twice is once, and what is exported imports as the same', damaged, (value) => {
    const once = importHarnRun(text(value))
    expect(importHarnRun(text(value))).toEqual(once)
    const again = importHarnRun(exportHarnRun(once.events).text ?? '')
    if (once.report.records > 0) expect(again.entities).toEqual(once.entities)
    expect(folded([...once.events, ...once.events])).toEqual(folded(once.events))
  })

  property('A1: any value at all', fc.oneof(fc.anything(), json.map(text), fc.string()), (value) => {
    const { report, events } = importHarnRun(value)
    expect(events.length > 0 || report.skipped.length > 0).toBe(true)
  })

  property(
    'A1 A3: a file that is cut off anywhere gives a reason, and of lines all whole ones',
    fc.tuple(damaged, fc.double({ min: 0, max: 0.999, noNaN: true })),
    ([value, share]) => {
      const whole = text(value)
      const cut = importHarnRun(whole.slice(0, Math.floor(whole.length * share)))
      expect(cut.report.records).toBe(0)
      expect(cut.report.skipped).not.toEqual([])
      const lines = importHarnRun(
        `${text(record({ id: 'run_0' }))}\n${whole.slice(0, Math.floor(whole.length * share))}`,
      )
      expect(lines.report.records).toBe(1)
      expect(lines.entities.workflow?.workflow.id).toBe('run_0')
    },
  )
})

const full = () =>
  record({
    usage: { input_tokens: 100, total_cost: 0.5 },
    stages: ['plan', 'write', 'check', 'write'].map((node, each) =>
      stage(node, each + 1, {
        usage: { input_tokens: each },
        artifacts: [1, 2].map((n) => ({
          id: `a${each}${n}`,
          kind: 'report',
          text: 'x',
          created_at: at(each * 10 + n),
        })),
      }),
    ),
    transitions: [
      transition('t1', 'plan', 'write'),
      transition('t2', 'write', 'check'),
      transition('t3', 'check', 'write'),
    ],
    child_runs: ['w1', 'w2', 'w3'].map((worker_id) => ({
      worker_id,
      status: 'completed',
      parent_stage_id: 'run_1:plan:1',
      started_at: at(11),
      finished_at: at(12),
    })),
    hitl_questions: [3, 1, 2].map((n) => ({ request_id: `q${n}`, prompt: '?', agent: 'a', asked_at: at(n) })),
    handoffs: [1, 2].map((n) => ({
      id: `h${n}`,
      task: 't',
      target_persona_or_human: { label: 'x' },
      created_at: at(n),
    })),
    tool_recordings: [1, 2, 3].map((n) => ({
      tool_name: 'x',
      tool_use_id: `t${n}`,
      iteration: 1,
      timestamp: at(n),
      duration_ms: 5,
    })),
    observability: { compaction_events: [{ id: 'c1', estimated_tokens_before: 9 }] },
    completed_nodes: ['plan', 'write', 'check'],
  })

const LISTS = [
  'stages',
  'transitions',
  'child_runs',
  'hitl_questions',
  'handoffs',
  'tool_recordings',
  'completed_nodes',
]

const shuffledLists = fc
  .tuple(
    ...LISTS.map((name) =>
      fc.shuffledSubarray(
        (full()[name] as unknown[]).map((_, index) => index),
        { minLength: (full()[name] as unknown[]).length },
      ),
    ),
  )
  .map((orders) => {
    const value = full()
    LISTS.forEach((name, index) => {
      const items = value[name] as unknown[]
      value[name] = orders[index]?.map((each) => items[each])
    })
    return value
  })

const doubledLists = fc
  .tuple(...LISTS.map((name) => fc.subarray((full()[name] as unknown[]).map((_, index) => index))))
  .map((again) => {
    const value = full()
    LISTS.forEach((name, index) => {
      const items = value[name] as unknown[]
      value[name] = [...items, ...(again[index]?.map((each) => items[each]) ?? [])]
    })
    return value
  })

/**
 * Paths that may differ, each with its reason. One real change outside of them fails (row 29).
 * `workflow.lastSequence`: of records kept word for word, two that are equal are one event, so their number may differ;
 * it does not for shuffled lists, and is compared there.
 */
const minusVolatile = (entities: unknown, paths: readonly string[]): unknown =>
  JSON.parse(JSON.stringify(entities, (key, value: unknown) => (paths.includes(key) ? undefined : value)))

describe('order and number', () => {
  property('A2: the order within lists decides nothing', shuffledLists, (value) =>
    expect(importHarnRun(text(value)).entities).toEqual(importHarnRun(text(full())).entities),
  )

  property('A2: what is in a list twice is there once', doubledLists, (value) => {
    const volatile = ['lastSequence']
    expect(minusVolatile(importHarnRun(text(value)).entities, volatile)).toEqual(
      minusVolatile(importHarnRun(text(full())).entities, volatile),
    )
  })

  test('harn 29: one real change is seen', () => {
    const changed = full()
    ;(changed['stages'] as { outcome: string }[])[1]!.outcome = 'failure'
    expect(importHarnRun(text(changed)).entities).not.toEqual(importHarnRun(text(full())).entities)
  })
})

/** The file of the same run as it was saved earlier: so many stages, the last of them perhaps not finished. */
const saves = fc.record({
  stages: fc.nat(4),
  open: fc.boolean(),
  workers: fc.nat(3),
  questions: fc.nat(3),
  status: fc.constantFrom('running', 'paused', 'failed'),
})
type Save = typeof saves extends fc.Arbitrary<infer Value> ? Value : never

function saved({ stages, open, workers, questions, status }: Save) {
  const whole = full()
  const take = (name: string, most: number): unknown[] => (whole[name] as unknown[]).slice(0, most)
  const done = take('stages', stages) as Record<string, unknown>[]
  if (open && stages > 0) {
    const unfinished = { status: 'running', outcome: '', finished_at: null, usage: null }
    done[stages - 1] = { ...done[stages - 1], ...unfinished }
  }
  return {
    ...whole,
    status,
    finished_at: status === 'running' ? null : at(50),
    usage: null,
    stages: done,
    child_runs: take('child_runs', workers),
    hitl_questions: take('hitl_questions', questions),
    completed_nodes: [],
  }
}

/** What stopped or failed went on only because harn resumed it, and the file says so. */
const later = ({ status }: Save) => ({ ...full(), metadata: { resumed: status !== 'running' } })

/**
 * What people see of a run. Not compared: `notes`, `lastSequence` and `bindings`, which count what came late, and
 * `attempts`, where an older file knows better than the newer one how the first part ended.
 */
const seen = (events: Parameters<typeof folded>[0]) =>
  minusVolatile(folded(events), ['lastSequence', 'notes', 'bindings', 'attempts'])

/** Phases are declared by the first file that comes, so a later one may only append to them. */
const ends = (events: Parameters<typeof folded>[0]) =>
  folded(events)
    .map((each) => {
      if (each.entity === 'workflow') {
        const phases = each.workflow.phases.map(({ name, status }) => [name, status])
        return [each.log, each.workflow.status, each.workflow.attempt, phases.toSorted()]
      }
      const { run, telemetry, questions } = each
      const asked = questions.filter(({ attempt }) => attempt === run.attempt)
      const states = asked.map(({ questionId, state }) => [questionId, state])
      return [
        each.log,
        run.status,
        run.completedAt,
        run.parentRunId,
        telemetry.inputTokens,
        states.toSorted(),
      ]
    })
    .toSorted()

describe('harn 19: files of one run, saved at different times', () => {
  property('A2: the older one after the newer changes nothing that is seen', saves, (early) => {
    const older = importHarnRun(text(saved(early))).events
    const newer = importHarnRun(text(later(early))).events
    expect(seen([...newer, ...older])).toEqual(seen(newer))
  })

  property(
    'A2: the newer one after the older adds only what is new, and ends as the newer alone',
    saves,
    (early) => {
      const older = importHarnRun(text(saved(early))).events
      const newer = importHarnRun(text(later(early))).events
      const known = new Set(older.map(({ stream, event }) => `${stream} ${event.position}`))
      expect(newer.some(({ stream, event }) => known.has(`${stream} ${event.position}`))).toBe(true)
      expect(ends([...older, ...newer])).toEqual(ends(newer))
    },
  )

  property('A2: what is exported afterwards is the newer one, whichever came first', saves, (early) => {
    const older = importHarnRun(text(saved(early))).events
    const newer = importHarnRun(text(later(early))).events
    const alone = exportHarnRun(newer)
    expect(exportHarnRun([...older, ...newer])).toEqual(alone)
    expect(exportHarnRun([...newer, ...older])).toEqual(alone)
  })
})

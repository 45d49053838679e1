/** Planned against happened: the receipt of a resume, and the plan as it is kept. SPEC R2. */
import { describe, expect, test } from 'vitest'
import type { RunRecord, WorkflowRecord } from '../../src/core/entities.ts'
import { decodePlan } from '../../src/core/resume/plan.ts'
import type { ResumeChild } from '../../src/core/resume/plan.ts'
import { planResume } from '../../src/core/resume/planner.ts'
import { receiptOf } from '../../src/core/resume/receipt.ts'
import { openingStatus } from '../../src/core/status.ts'
import type { RunStatusName } from '../../src/core/status.ts'
import { T0 } from './support/histories.ts'
import { childOf, idOf, slotsOf, worldOf } from './support/resumeWorld.ts'
import type { ChildSpec } from './support/resumeWorld.ts'

const SLOTS = slotsOf()
const before = (specs: Record<string, ChildSpec | null>): ResumeChild[] =>
  SLOTS.flatMap((slot) => {
    const spec = specs[idOf(slot)]
    return spec === undefined || spec === null ? [] : [childOf(slot, spec)]
  })
const usable = { kind: 'usable', calls: 1 } as const
const world = worldOf(
  before({
    'wf.plan.1': {},
    'wf.research.1': { status: 'failed' },
    'wf.research.2': { status: 'awaiting_user', checkpoint: usable },
    'wf.report.1': {},
  }),
)
const plan = planResume(world).entries

/** The workflow as its next attempt drives it. */
function driven(
  status: RunStatusName,
  phases: Record<string, 'completed' | 'failed' | 'pending'>,
): WorkflowRecord {
  const { record } = world
  return {
    ...record,
    bindings: [{ stream: 'new', attempt: 2 }],
    workflow: {
      ...record.workflow,
      attempt: 2,
      status: openingStatus(status),
      startedAt: T0 + 100,
      phases: Object.entries(phases).map(([name, status]) => ({
        name,
        status,
        description: null,
        agentIds: [],
        dependsOn: [],
        reason: null,
      })),
    },
  }
}
const now = (specs: Record<string, ChildSpec>): RunRecord[] => before(specs).map(({ record }) => record)
const fresh = { stream: 'new', createdAt: T0 + 100 }

describe('a receipt', () => {
  test('of a resume that went as planned', () => {
    const receipt = receiptOf(
      driven('completed', { plan: 'completed', research: 'completed', report: 'completed' }),
      plan,
      now({
        'wf.plan.1': {},
        'wf.research.1': { attempt: 2 },
        'wf.research.2': { status: 'completed' },
        'wf.research.3': { ...fresh, id: 'wf.research.2-3' },
        'wf.report.1': {},
        'wf.report.2': { ...fresh, id: 'wf.report.2-2' },
      }),
    )
    expect(receipt.entries.map(({ planned, outcome, runId }) => [planned.id, outcome, runId])).toEqual([
      ['wf.plan.1', 'kept', 'wf.plan.1'],
      ['wf.research.1', 'relaunched', 'wf.research.1'],
      ['wf.research.2', 'continued', 'wf.research.2'],
      ['new:research:3', 'new', 'wf.research.2-3'],
      ['wf.report.1', 'kept', 'wf.report.1'],
      ['new:report:2', 'new', 'wf.report.2-2'],
    ])
    expect(receipt.counts).toEqual({
      kept: 2,
      relaunched: 1,
      new: 2,
      continued: 1,
      left: 0,
      'not-reached': 0,
    })
    expect(receipt).toMatchObject({ attempt: 2, asPlanned: true, underWay: 0, unplanned: [] })
    expect(receipt.entries[1]?.message).toBe('It was relaunched as attempt 2; it is finished.')
  })

  test('while it is under way', () => {
    const receipt = receiptOf(
      driven('running', { plan: 'completed', research: 'pending', report: 'pending' }),
      plan,
      now({
        'wf.plan.1': {},
        'wf.research.1': { attempt: 2, status: 'running' },
        'wf.research.2': { status: 'awaiting_user' },
        'wf.report.1': {},
      }),
    )
    expect(receipt.entries.map(({ outcome, isUnderWay }) => [outcome, isUnderWay])).toEqual([
      ['kept', false],
      ['relaunched', true],
      ['continued', true],
      ['not-reached', false],
      ['not-reached', false],
      ['not-reached', false],
    ])
    expect(receipt).toMatchObject({ asPlanned: true, underWay: 2 })
  })

  test('says what went otherwise', () => {
    const receipt = receiptOf(
      driven('failed', { plan: 'completed', research: 'failed', report: 'pending' }),
      plan,
      now({
        'wf.plan.1': { attempt: 2 },
        'wf.research.1': { status: 'failed' },
        'wf.research.2': { status: 'completed' },
        'wf.research.3': { ...fresh, id: 'wf.research.2-3', replayOf: 'wf.research.2' },
        'wf.report.1': { ...fresh, id: 'wf.report.2-1', key: 'other', replayOf: 'nobody' },
      }),
    )
    const told = new Map(receipt.entries.map((entry) => [entry.planned.id, entry]))
    expect(told.get('wf.plan.1')).toMatchObject({ outcome: 'relaunched', asPlanned: false })
    expect(told.get('wf.research.1')).toMatchObject({ outcome: 'not-reached', asPlanned: false })
    expect(told.get('wf.research.2')).toMatchObject({
      outcome: 'new',
      runId: 'wf.research.2-3',
      asPlanned: false,
    })
    expect(told.get('wf.plan.1')?.message).toMatch(/^Otherwise than planned: /u)
    expect(receipt.unplanned.map(({ runId }) => runId)).toEqual(['wf.report.2-1'])
    expect(receipt.asPlanned).toBe(false)
  })

  test('a changed child is the run that replays it', () => {
    const changed = planResume({ ...world, input: 'other' }).entries
    const receipt = receiptOf(
      driven('running', { plan: 'pending' }),
      changed,
      now({ 'wf.plan.1': {} }).concat(
        now({ 'wf.plan.1': { ...fresh, id: 'wf.plan.2-1', replayOf: 'wf.plan.1', status: 'running' } }),
      ),
    )
    expect(receipt.entries[0]).toMatchObject({
      outcome: 'new',
      runId: 'wf.plan.2-1',
      asPlanned: true,
      isUnderWay: true,
      message: 'A new run (The planner: “Does plan.”) took its place; it is still going.',
    })
  })

  test('names agents and tasks in what it says, not ids of runs', () => {
    const begun = now({ 'wf.report.2': { ...fresh, id: 'wf.report.2-2' } })
    const { entries } = receiptOf(driven('completed', { report: 'completed' }), plan, begun)
    expect(entries.at(-1)?.message).toBe('A new run (The critic: “Does report.”) was begun; it is finished.')
    for (const { message } of entries) expect(message).not.toContain('wf.')
  })

  test('runs of earlier attempts that are no longer used are not unplanned', () => {
    const old = now({ 'wf.research.3': { id: 'wf.research.2-9', key: 'old' } })
    expect(receiptOf(driven('running', {}), plan, old).unplanned).toEqual([])
  })
})

describe('the plan that is kept', () => {
  test('reads back as it was', () => {
    expect(decodePlan(JSON.stringify(plan))).toEqual(plan)
  })
  test.each([['no JSON'], ['{}'], ['[{"id":1}]'], [JSON.stringify([{ ...plan[0], action: 'other' }])]])(
    'is null for what is none: %s',
    (text) => {
      expect(decodePlan(text)).toBeNull()
    },
  )
})

/** What an orchestrator is sent, for a workflow and for a single child. SPEC R1, R3. */
import { describe, expect, test } from 'vitest'
import { childOrderSchema, resumeOrderSchema } from '../../src/core/resume/order.ts'
import type { ResumeOrder } from '../../src/core/resume/order.ts'
import type { ResumeChild, ResumeWorld } from '../../src/core/resume/plan.ts'
import { childOrderOf, orderOf, planResume } from '../../src/core/resume/planner.ts'
import { DEFAULT_POLICY } from '../../src/core/resume/policy.ts'
import { agentOf, childOf, idOf, INPUT, slotsOf, worldOf } from './support/resumeWorld.ts'

const SLOTS = slotsOf()
const slot = (id: string) => {
  const found = SLOTS.find((each) => idOf(each) === id)
  if (found === undefined) throw new Error(id)
  return found
}
const usable = { kind: 'usable', calls: 1 } as const
const order = (children: readonly ResumeChild[], over: Partial<ResumeWorld> = {}): ResumeOrder => {
  const world = worldOf(children, over)
  return orderOf(planResume(world), world)
}
const actionOf = (made: ResumeOrder, runId: string) =>
  made.children.find((child) => child.runId === runId)?.action

describe('the order of a workflow', () => {
  const made = order([
    childOf(slot('wf.plan.1')),
    childOf(slot('wf.research.1'), { status: 'interrupted', checkpoint: usable }),
    childOf(slot('wf.research.2'), { status: 'awaiting_user', checkpoint: usable }),
    childOf(slot('wf.research.3'), { status: 'running', evidence: { kind: 'live' } }),
    childOf(slot('wf.report.1')),
    childOf(slot('wf.report.2'), { status: 'interrupted', dangling: ['post'] }),
  ])

  test('holds every child that may be needed, with texts by reference', () => {
    const checkpoint = (id: string) => ({ preview: '', chars: 4, ref: `c:${id}:checkpoint` })
    expect(made).toMatchObject({ input: INPUT, parentThreadId: 'thread', attempt: 2 })
    expect(actionOf(made, 'wf.plan.1')).toEqual({
      kind: 'reuse',
      result: { preview: '', chars: 13, ref: 'c:wf.plan.1:result' },
      output: null,
      summary: 'Done.',
      isOrphan: false,
    })
    expect(actionOf(made, 'wf.research.1')).toEqual({
      kind: 'relaunch',
      checkpoint: checkpoint('wf.research.1'),
    })
    expect(actionOf(made, 'wf.research.2')).toEqual({
      kind: 'continue',
      checkpoint: checkpoint('wf.research.2'),
    })
    expect(actionOf(made, 'wf.research.3')).toEqual({ kind: 'adopt' })
    expect(actionOf(made, 'wf.report.1')).toMatchObject({ kind: 'reuse' })
  })
  test('R3: an unknown outcome is left, and no new run of it begins if its inputs come out otherwise', () => {
    expect(actionOf(made, 'wf.report.2')).toMatchObject({ kind: 'leave' })
    expect(made.held).toEqual([
      { phase: 'report', agentId: 'critic', reason: expect.stringContaining('“post”') as string },
    ])
  })
  test('is what its schema takes, as JSON', () => {
    expect(resumeOrderSchema.parse(JSON.parse(JSON.stringify(made)))).toEqual(made)
  })
})

test('work that may not be begun is held back, by its key or by its place', () => {
  const made = order([childOf(slot('wf.plan.1')), childOf(slot('wf.research.1'))], {
    policy: { ...DEFAULT_POLICY, missing: 'ask' },
    agreed: ['new:research:2', 'new:report:1'],
  })
  expect(made.children.map(({ runId, action }) => [runId, action.kind])).toEqual([
    ['wf.plan.1', 'reuse'],
    ['wf.research.1', 'reuse'],
    ['new:research:3', 'leave'],
  ])
  expect(made.held).toEqual([
    { phase: 'report', agentId: 'critic', reason: 'It was never begun. A person has to agree first.' },
  ])
})

test('a child whose work is another now is found by nobody, and named to the run that replays it', () => {
  const key = slotsOf(undefined, { question: 'Who?' })[1]?.key ?? ''
  const made = order([childOf(slot('wf.plan.1')), childOf(slot('wf.research.1'), { key })])
  const { contentKey, action } = made.children.find(({ runId }) => runId === 'wf.research.1') ?? {}
  expect(contentKey).toBe(key)
  expect(action?.kind).toBe('leave')
})

test('a child still at work on other inputs is not taken for this work', () => {
  const key = slotsOf(undefined, { question: 'Who?' })[1]?.key ?? ''
  const made = order([
    childOf(slot('wf.plan.1')),
    childOf(slot('wf.research.1'), { key, status: 'running', evidence: { kind: 'live' } }),
  ])
  expect(made.children.find(({ runId }) => runId === 'wf.research.1')).toMatchObject({
    contentKey: slot('wf.research.1').key,
    action: { kind: 'leave' },
  })
})

describe('the order of a single child', () => {
  const researcher = childOf(slot('wf.research.2'), {
    status: 'awaiting_user',
    checkpoint: usable,
    attempt: 2,
  })
  const world = worldOf([childOf(slot('wf.plan.1')), researcher])

  test('gives it what it was given', () => {
    const made = childOrderOf(world, 'wf.research.2', { mode: 'continue' })
    expect(made).toEqual({
      ok: true,
      order: {
        workflowRunId: 'wf',
        phase: 'research',
        agentId: 'researcher',
        contentKey: slot('wf.research.2').key,
        parentThreadId: 'thread',
        index: 1,
        item: 'b',
        input: INPUT,
        upstream: [
          {
            phase: 'plan',
            results: [
              {
                runId: 'wf.plan.1',
                agentId: 'planner',
                result: { preview: '', chars: 13, ref: 'c:wf.plan.1:result' },
              },
            ],
          },
        ],
        attempt: 2,
        mode: 'continue',
        checkpoint: { preview: '', chars: 4, ref: 'c:wf.research.2:checkpoint' },
        followUps: [],
      },
    })
    if (made.ok) expect(childOrderSchema.parse(JSON.parse(JSON.stringify(made.order)))).toEqual(made.order)
  })
  test('with new words it begins afresh: what it was told before would not fit', () => {
    const made = childOrderOf(world, 'wf.research.2', { mode: 'attempt', followUps: ['Look again.'] })
    expect(made).toMatchObject({
      ok: true,
      order: { checkpoint: null, followUps: ['Look again.'], mode: 'attempt' },
    })
  })
  test('neither cap nor policy takes back what it was given', () => {
    const strict = {
      ...world,
      policy: { ...DEFAULT_POLICY, orphan: 'never' as const },
      definition: { ...world.definition, maxChildren: 1 },
    }
    strict.record = { ...strict.record, workflow: { ...strict.record.workflow, childRunIds: [] } }
    expect(childOrderOf(strict, 'wf.research.2', { mode: 'continue' }).ok).toBe(true)
  })
  test.each([
    ['no such run', world, 'nobody', 'There is no run nobody in this workflow.'],
    [
      'its agent is no more',
      { ...world, agent: (id: string) => (id === 'researcher' ? null : agentOf(id)) },
      'wf.research.2',
      'Its agent “researcher” does not exist here.',
    ],
    ['it kept nothing', worldOf([childOf(slot('wf.plan.1'))]), 'wf.plan.1', 'It kept no checkpoint.'],
    [
      'what it kept is damaged',
      worldOf([childOf(slot('wf.plan.1'), { checkpoint: { kind: 'unusable', why: 'It is damaged.' } })]),
      'wf.plan.1',
      'It is damaged.',
    ],
    [
      'what it was given is gone',
      worldOf([childOf(slot('wf.plan.1'), { result: { kind: 'missing' } }), researcher]),
      'wf.research.2',
      'What it was given cannot be told any more: “plan” has no whole result.',
    ],
    [
      'its work is another now',
      { ...world, input: 'other' },
      'wf.research.2',
      expect.stringMatching(/\.$/u) as string,
    ],
    [
      'it has no key',
      worldOf([childOf(slot('wf.plan.1'), { key: null, checkpoint: usable })]),
      'wf.plan.1',
      'It was recorded without what it was given.',
    ],
  ])('says why there is none: %s', (_name, given, runId, reason) => {
    expect(childOrderOf(given, runId, { mode: 'continue' })).toEqual({ ok: false, reason })
  })
})

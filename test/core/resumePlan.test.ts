/** What becomes of each child, case by case. SPEC R1, R2, R3. */
import { describe, expect, test } from 'vitest'
import type { Json } from '../../src/core/entities.ts'
import type { PlanEntry, ResumeChild, ResumePlan, ResumeWorld } from '../../src/core/resume/plan.ts'
import { planResume } from '../../src/core/resume/planner.ts'
import { DEFAULT_POLICY } from '../../src/core/resume/policy.ts'
import type { ResumePolicy } from '../../src/core/resume/policy.ts'
import {
  agentOf,
  childOf,
  DEFINITION,
  idOf,
  INPUT,
  inStatus,
  phase,
  slotsOf,
  worldOf,
} from './support/resumeWorld.ts'
import type { ChildSpec } from './support/resumeWorld.ts'

const SLOTS = slotsOf()
const [PLAN, A, B, C, WRITER, CRITIC] = SLOTS as unknown as [
  (typeof SLOTS)[0],
  (typeof SLOTS)[0],
  (typeof SLOTS)[0],
  (typeof SLOTS)[0],
  (typeof SLOTS)[0],
  (typeof SLOTS)[0],
]
const FIRST = idOf(A)

/** All is finished but for the first researcher, which is as told. */
const withFirst = (spec: ChildSpec): ResumeChild[] => [
  childOf(PLAN),
  childOf(A, spec),
  childOf(B),
  childOf(C),
]

function entryOf(plan: ResumePlan, id: string): PlanEntry {
  const found = plan.entries.filter((entry) => entry.id === id)
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} entries of ${id}`)
  return found[0]
}

const planFirst = (spec: ChildSpec, over: Partial<ResumeWorld> = {}): PlanEntry =>
  entryOf(planResume(worldOf(withFirst(spec), over)), FIRST)

const policy = (over: Partial<ResumePolicy>): { policy: ResumePolicy } => ({
  policy: { ...DEFAULT_POLICY, ...over },
})
const usable = { kind: 'usable', calls: 2 } as const
const unusable = { kind: 'unusable', why: 'Its checkpoint is damaged.' } as const

test('the plan of a run cut off in the middle: what is done is kept, the rest goes on', () => {
  const plan = planResume(worldOf(withFirst({ status: 'interrupted' })))
  expect(plan.entries.map(({ id, action, reason }) => [id, action, reason])).toEqual([
    [idOf(PLAN), 'reuse', 'completed'],
    [FIRST, 'relaunch', 'interrupted'],
    [idOf(B), 'reuse', 'completed'],
    [idOf(C), 'reuse', 'completed'],
    ['new:report:1', 'await', 'upstream'],
    ['new:report:2', 'await', 'upstream'],
  ])
  expect(plan).toMatchObject({ refusal: null, isSafe: true, attempt: 2, changes: [] })
  expect(plan.saved).toEqual({ toolCalls: 9, elapsedMs: 3_000, tokens: null, costUsd: 1.5 })
  expect(plan.atRisk).toEqual({ toolCalls: 3, elapsedMs: 1_000, tokens: null, costUsd: 0.5 })
  expect(plan.heads).toEqual({
    'w:wf': 9,
    'r:wf.plan.1': 4,
    'r:wf.research.1': 4,
    'r:wf.research.2': 4,
    'r:wf.research.3': 4,
  })
})

const CASES: [name: string, spec: ChildSpec, over: Partial<ResumeWorld>, expected: Partial<PlanEntry>][] = [
  ['R1: a finished one is kept', {}, {}, { action: 'reuse', reason: 'completed' }],
  [
    'R1: a result that is missing blocks and is never bought again in silence',
    { result: { kind: 'missing' } },
    {},
    { action: 'blocked', reason: 'result-missing', canAgree: true },
  ],
  [
    'a result that was never handed on blocks, too',
    { result: { kind: 'none' } },
    {},
    { action: 'blocked', reason: 'result-missing', canAgree: true },
  ],
  [
    'a missing result is made again when a person agreed',
    { result: { kind: 'missing' } },
    { agreed: [FIRST] },
    { action: 'relaunch', reason: 'agreed', attempt: 2 },
  ],
  [
    'a failed one is tried again',
    { status: 'failed' },
    {},
    { action: 'relaunch', reason: 'failed', attempt: 2 },
  ],
  [
    'the cap counts attempts over all resumes',
    { status: 'failed', attempt: 3 },
    {},
    { action: 'blocked', reason: 'not-allowed', canAgree: true },
  ],
  [
    'a person can lift the cap for one of them',
    { status: 'failed', attempt: 3 },
    { agreed: [FIRST] },
    { action: 'relaunch', reason: 'agreed', attempt: 4 },
  ],
  [
    'what the policy never allows nobody agrees to',
    { status: 'failed' },
    policy({ failed: 'never' }),
    { action: 'blocked', reason: 'not-allowed', canAgree: false },
  ],
  [
    'ask asks',
    { status: 'failed' },
    policy({ failed: 'ask' }),
    { action: 'blocked', reason: 'asks', canAgree: true },
  ],
  [
    'a stopped one counts as interrupted',
    { status: 'cancelled' },
    policy({ interrupted: 'ask' }),
    { action: 'blocked', reason: 'asks' },
  ],
  [
    'a lost one in flight counts as interrupted',
    { status: 'running' },
    {},
    { action: 'relaunch', reason: 'interrupted', fromCheckpoint: false },
  ],
  [
    'with a checkpoint it goes on from there',
    { status: 'interrupted', checkpoint: usable },
    {},
    {
      action: 'relaunch',
      fromCheckpoint: true,
      saved: { toolCalls: 2, elapsedMs: null, tokens: null, costUsd: null },
      atRisk: { toolCalls: 1, elapsedMs: null, tokens: null, costUsd: null },
    },
  ],
  [
    'a checkpoint that cannot be used needs a word',
    { status: 'interrupted', checkpoint: unusable },
    {},
    {
      action: 'blocked',
      reason: 'checkpoint-unusable',
      canAgree: true,
      message: expect.stringContaining('afresh'),
    },
  ],
  [
    'then it begins afresh',
    { status: 'awaiting_user', checkpoint: unusable },
    { agreed: [FIRST] },
    { action: 'relaunch', reason: 'agreed', fromCheckpoint: false },
  ],
  [
    'one that waits for an answer goes on waiting',
    { status: 'awaiting_user', checkpoint: usable },
    {},
    { action: 'await', reason: 'question', fromCheckpoint: true, attempt: 1 },
  ],
  [
    'one that waits and kept nothing is interrupted',
    { status: 'awaiting_user' },
    {},
    { action: 'relaunch', reason: 'interrupted' },
  ],
  [
    'a paused one is woken with its workflow',
    { status: 'paused', checkpoint: usable },
    {},
    {
      action: 'await',
      reason: 'paused',
      fromCheckpoint: true,
      message: expect.stringContaining('resuming the workflow wakes it'),
    },
  ],
  [
    'a live one is at work',
    { status: 'running', evidence: { kind: 'live' } },
    {},
    { action: 'await', reason: 'live' },
  ],
  [
    'so is one we had given up',
    { status: 'interrupted', inferred: true, evidence: { kind: 'live' } },
    {},
    { action: 'await', reason: 'live' },
  ],
  [
    'a failure stands, whoever is there',
    { status: 'failed', evidence: { kind: 'live' } },
    {},
    { action: 'relaunch', reason: 'failed' },
  ],
  [
    'an owner that cannot be asked is not gone',
    { status: 'running', evidence: { kind: 'unknown' } },
    {},
    { action: 'blocked', reason: 'owner-unreachable', canAgree: false },
  ],
  [
    'R3: an unknown outcome is never relaunched by default',
    { status: 'interrupted', dangling: ['send'] },
    {},
    {
      action: 'blocked',
      reason: 'unknown-outcome',
      canAgree: true,
      message: expect.stringContaining('“send”'),
    },
  ],
  [
    'R3: nor continued',
    { status: 'awaiting_user', checkpoint: usable, dangling: ['send'] },
    {},
    { action: 'blocked', reason: 'unknown-outcome' },
  ],
  [
    'R3: unless a person agrees',
    { status: 'failed', attempt: 7, dangling: ['send'] },
    { agreed: [FIRST] },
    { action: 'relaunch', reason: 'agreed', attempt: 8 },
  ],
  [
    'R3: or the policy does, which overrides that for failures',
    { status: 'failed', dangling: ['send'] },
    policy({ unknown: 'always', failed: 'never' }),
    { action: 'relaunch', reason: 'failed' },
  ],
  [
    'an agent that is no more',
    {},
    { agent: (id) => (id === 'researcher' ? null : agentOf(id)) },
    { action: 'blocked', reason: 'agent-missing', contentKey: null },
  ],
  [
    'the cap counts what is finished, too',
    {},
    { definition: { ...DEFINITION, maxChildren: 1 } },
    { action: 'blocked', reason: 'capped' },
  ],
]

test.each(CASES)('%s', (_name, spec, over, expected) => {
  expect(planFirst(spec, over)).toMatchObject(expected)
})

test('every message is a sentence', () => {
  for (const [, spec, over] of CASES) {
    for (const { message } of planResume(worldOf(withFirst(spec), over)).entries) {
      expect(message).toMatch(/^\S.*[^.]\.$/su)
    }
  }
})

describe('an orphan', () => {
  const world = (over: Partial<ResumeWorld>): ResumeWorld => {
    const base = worldOf(withFirst({}), over)
    const childRunIds = base.record.workflow.childRunIds.filter((id) => id !== FIRST)
    return { ...base, record: { ...base.record, workflow: { ...base.record.workflow, childRunIds } } }
  }
  test.each([
    ['is used by default', {}, 'reuse', 'orphan'],
    ['is asked about', policy({ orphan: 'ask' }), 'blocked', 'asks'],
    ['is left', policy({ orphan: 'never' }), 'blocked', 'not-allowed'],
    [
      'R1: is used, not bought again, when a person agrees',
      { ...policy({ orphan: 'ask' }), agreed: [FIRST] },
      'reuse',
      'orphan',
    ],
  ] as const)('%s', (_name, over, action, reason) => {
    expect(entryOf(planResume(world(over)), FIRST)).toMatchObject({ action, reason })
  })
})

describe('work that was never begun', () => {
  const children = [childOf(PLAN), childOf(A)]
  test('is launched', () => {
    const plan = planResume(worldOf(children))
    expect(entryOf(plan, 'new:research:2')).toMatchObject({
      action: 'relaunch',
      reason: 'missing',
      runId: null,
      task: 'b',
    })
    expect(plan.isSafe).toBe(true)
  })
  test.each([
    ['never', 'not-allowed', false],
    ['ask', 'asks', true],
  ] as const)('is held back by %s', (missing, reason, canAgree) => {
    const plan = planResume(worldOf(children, policy({ missing })))
    for (const id of ['new:research:2', 'new:research:3', 'new:report:1']) {
      expect(entryOf(plan, id)).toMatchObject({ action: 'blocked', reason, canAgree })
    }
    expect(plan.refusal).toBe('Nothing can go on: all that is left is blocked, or waits for what is.')
  })
  test('is launched when a person agrees to that one', () => {
    const plan = planResume(worldOf(children, { ...policy({ missing: 'ask' }), agreed: ['new:research:2'] }))
    expect(entryOf(plan, 'new:research:2').action).toBe('relaunch')
    expect(entryOf(plan, 'new:research:3').action).toBe('blocked')
    expect(plan).toMatchObject({ refusal: null, agreed: ['new:research:2'] })
  })
  test('is one entry where its number is not known yet', () => {
    const plan = planResume(worldOf([]))
    expect(plan.entries.map(({ id, reason }) => [id, reason])).toEqual([
      ['new:plan:1', 'missing'],
      ['new:research:1', 'upstream'],
      ['new:report:1', 'upstream'],
      ['new:report:2', 'upstream'],
    ])
    expect(entryOf(plan, 'new:research:1').message).toContain('How many')
  })
})

describe('where what comes before is not done', () => {
  const later = [childOf(PLAN), childOf(A, { status: 'failed' }), childOf(B), childOf(C), childOf(WRITER)]
  test('a finished child is used if that comes out the same, and only what is not there is new', () => {
    const plan = planResume(worldOf(later))
    expect(entryOf(plan, idOf(WRITER))).toMatchObject({
      action: 'await',
      reason: 'upstream',
      message: 'It is finished; its result is used if “research” comes out the same.',
    })
    expect(plan.entries.filter(({ phase }) => phase === 'report').map(({ id }) => id)).toEqual([
      idOf(WRITER),
      'new:report:2',
    ])
  })
  test('R3: an unknown outcome is blocked there as well', () => {
    const plan = planResume(worldOf([...later, childOf(CRITIC, { status: 'failed', dangling: ['post'] })]))
    expect(entryOf(plan, idOf(CRITIC))).toMatchObject({ action: 'blocked', reason: 'unknown-outcome' })
  })
  test('what is changed already does not promise to be used', () => {
    const plan = planResume(worldOf(later, { input: { question: 'Who?', depth: 2 } }))
    expect(entryOf(plan, idOf(WRITER))).toMatchObject({
      action: 'await',
      reason: 'upstream',
      message: expect.stringContaining('input changed: question'),
    })
  })
})

describe('what changed has a name', () => {
  const all = SLOTS.map((slot) => childOf(slot))
  const changed = (over: Partial<ResumeWorld>) => planResume(worldOf(all, over))

  test('a field of the input', () => {
    const plan = changed({ input: { question: 'Who?', depth: 2 } })
    expect(plan.changes).toEqual(['input changed: question'])
    expect(entryOf(plan, idOf(PLAN))).toMatchObject({
      action: 'relaunch',
      reason: 'changed',
      runId: idOf(PLAN),
      attempt: null,
      message: 'Its work is another now (input changed: question): a new run takes its place.',
    })
  })
  test('fields that came and went', () => {
    expect(changed({ input: { question: 'Why?', extra: 1 } }).changes).toEqual([
      'input changed: depth',
      'input changed: extra',
    ])
    expect(changed({ input: 'Why?' }).changes).toEqual(['input changed'])
  })
  test('the order of its keys is no change', () => {
    const plan = changed({ input: { depth: 2, question: 'Why?' } })
    expect(plan.changes).toEqual([])
    expect(plan.entries.every(({ action }) => action === 'reuse')).toBe(true)
  })
  test('phases', () => {
    const [plan, research, report] = DEFINITION.phases as [
      ReturnType<typeof phase>,
      ReturnType<typeof phase>,
      ReturnType<typeof phase>,
    ]
    const definition = {
      ...DEFINITION,
      maxChildren: 20,
      phases: [plan, { ...research, description: 'Other.' }, phase('proof', ['critic'], ['research'])],
    }
    const made = changed({ definition })
    expect(made.changes).toEqual([
      'definition changed: maxChildren',
      'phase changed: research',
      'phase added: proof',
      `phase removed: ${report.name}`,
    ])
    expect(entryOf(made, FIRST)).toMatchObject({ action: 'relaunch', reason: 'changed' })
    expect(made.entries.some(({ phase }) => phase === 'report')).toBe(false)
  })
  test('an agent', () => {
    const agent = (id: string) => agentOf(id, id === 'researcher' ? { model: 'other' } : null)
    const made = changed({ agent })
    expect(made.changes).toEqual(['agent changed: researcher'])
    expect(entryOf(made, idOf(PLAN)).action).toBe('reuse')
    for (const slot of [A, B, C]) expect(entryOf(made, idOf(slot)).reason).toBe('changed')
    expect(entryOf(made, idOf(WRITER)).reason).toBe('upstream')
  })
  test('a sibling agent is no change of the others', () => {
    const [plan, research] = DEFINITION.phases as [ReturnType<typeof phase>, ReturnType<typeof phase>]
    const definition = {
      ...DEFINITION,
      phases: [plan, research, phase('report', ['writer', 'critic', 'planner'], ['research'])],
    }
    const made = changed({ definition })
    expect(entryOf(made, idOf(WRITER)).action).toBe('reuse')
    expect(entryOf(made, idOf(CRITIC)).action).toBe('reuse')
    expect(entryOf(made, 'new:report:3')).toMatchObject({ action: 'relaunch', reason: 'missing' })
  })
  test('what it builds upon', () => {
    const other = childOf(PLAN, { result: { kind: 'found', value: ['a', 'z'] } })
    const made = planResume(worldOf([other, childOf(A), childOf(B), childOf(C)]))
    expect(made.changes).toEqual(['results before it changed: research'])
    // Of the same item first, so that a replay is of what it replays.
    expect(entryOf(made, FIRST)).toMatchObject({ reason: 'changed', task: 'a' })
    expect(entryOf(made, idOf(B))).toMatchObject({ reason: 'changed', task: 'z' })
  })
  test('R3: an unknown outcome of work that is another now blocks it, too', () => {
    const made = planResume(
      worldOf(withFirst({ status: 'interrupted', dangling: ['send'] }), {
        agent: (id) => agentOf(id, id === 'researcher' ? 1 : null),
      }),
    )
    expect(entryOf(made, FIRST)).toMatchObject({ action: 'blocked', reason: 'unknown-outcome' })
  })
})

describe('refusals', () => {
  const base = worldOf([childOf(PLAN)])
  const refused = (over: Partial<ResumeWorld>): string | null => planResume({ ...base, ...over }).refusal
  const LIVE = { kind: 'live' } as const
  test.each([
    [
      'has finished',
      { record: inStatus(base.record, 'completed') },
      'It has finished; nothing is left to resume.',
    ],
    [
      'is driven',
      { record: inStatus(base.record, 'running'), evidence: LIVE },
      'Its owner is there and still drives it.',
    ],
    ['was given up and is driven', { evidence: LIVE }, 'Its owner is there and still drives it.'],
    [
      'cannot be asked about',
      { record: inStatus(base.record, 'running'), evidence: { kind: 'unknown' } },
      'It cannot be told whether it is still driven: its owner cannot be reached.',
    ],
  ] as const)('what %s', (_name, over, sentence) => {
    expect(refused(over)).toBe(sentence)
  })
  test.each([['running'], ['pending'], ['paused'], ['awaiting_user'], ['failed'], ['cancelled']] as const)(
    'none for one that is %s and lost its owner',
    (status) => {
      expect(refused({ record: inStatus(base.record, status) })).toBeNull()
    },
  )
  test('a definition with a cycle ends in a sentence', () => {
    const definition = {
      ...DEFINITION,
      phases: [phase('x', ['writer'], ['y']), phase('y', ['writer'], ['x'])],
    }
    expect(refused({ definition })).toMatch(/^Its definition cannot be used: .*wait for each other/u)
  })
  test('a list that is none blocks the phase', () => {
    const plan = planResume(worldOf([childOf(PLAN, { result: { kind: 'found', value: 'no list' } })]))
    expect(entryOf(plan, 'new:research:1')).toMatchObject({
      action: 'blocked',
      reason: 'not-allowed',
      canAgree: false,
    })
  })
  test('an empty list is done at once', () => {
    const plan = planResume(worldOf([childOf(PLAN, { result: { kind: 'found', value: [] } })]))
    expect(plan.entries.map(({ id, reason }) => [id, reason])).toEqual([
      [idOf(PLAN), 'completed'],
      ['new:report:1', 'missing'],
      ['new:report:2', 'missing'],
    ])
  })
  test('all is finished but the workflow: it only comes to its end', () => {
    const plan = planResume(worldOf(SLOTS.map((slot) => childOf(slot))))
    expect(plan).toMatchObject({ refusal: null, isSafe: true })
    expect(plan.entries.every(({ action }) => action === 'reuse')).toBe(true)
  })
})

test('equal work matches as often as it is there, the finished first', () => {
  expect(B.key).toBe(C.key)
  const plan = planResume(
    worldOf([
      childOf(PLAN),
      childOf(A),
      childOf(B, { status: 'failed' }),
      childOf(C),
      childOf(C, { id: 'wf.research.2-3', status: 'failed' }),
    ]),
  )
  const research = plan.entries.filter(({ phase }) => phase === 'research')
  expect(research.map(({ id, action }) => [id, action])).toEqual([
    [FIRST, 'reuse'],
    [idOf(B), 'relaunch'],
    [idOf(C), 'reuse'],
  ])
})

test('unknown costs stay unknown, and known ones are summed', () => {
  const tokens = { inputTokens: 5, outputTokens: null, costUsd: null, elapsedMs: null }
  const plan = planResume(worldOf(SLOTS.map((slot) => childOf(slot, { telemetry: tokens }))))
  expect(plan.saved).toEqual({ toolCalls: 18, elapsedMs: null, tokens: 30, costUsd: null })
  expect(plan.atRisk).toEqual({ toolCalls: 0, elapsedMs: 0, tokens: 0, costUsd: 0 })
})

test('a plan is plain JSON', () => {
  const plan = planResume(worldOf(withFirst({ status: 'failed' })))
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan satisfies ResumePlan)
  expect(plan.input).toEqual(INPUT satisfies Json)
})

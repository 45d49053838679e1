/** Imports on their way into a real ledger: `runs.importEvents`, a reload, and out again. Laws A2, A3, W2. */
import { expect, test } from 'vitest'
import { selectRun, selectWorkflow } from '../../../src/index.ts'
import { exportHarnRun } from '../../../src/sources/harn/export.ts'
import { importHarnRun } from '../../../src/sources/harn/importRun.ts'
import { dispatchTo } from '../../state/support/lists.ts'
import { newScope, openPage } from '../../state/support/page.ts'
import { at, record, stage, transition } from './support/records.ts'

async function booted(scope = newScope()) {
  const page = openPage(scope)
  await page.boot()
  return page
}

const rich = () =>
  record({
    usage: { input_tokens: 10, total_cost: 0 },
    hitl_questions: [{ request_id: 'q1', prompt: 'go?', agent: 'a', asked_at: at(3) }],
    handoffs: [{ id: 'h1', task: 't', target_persona_or_human: { name: 'x' }, created_at: at(2) }],
    transcript: { events: [{ id: 'c1', kind: 'compaction', metadata: { estimated_tokens_before: 5 } }] },
    child_runs: [{ worker_id: 'w1', status: 'completed', parent_stage_id: 'run_1:plan:1' }],
    unheard_of: { long: 'z'.repeat(50_000) },
  })

test('A2 A3: every event is added once, and the file comes back from the stored events after a reload', async () => {
  const scope = newScope()
  const page = await booted(scope)
  const { events, entities } = importHarnRun(JSON.stringify(rich()))
  const first = await page.ledger.importEvents(events)
  expect(first).toMatchObject({ refused: 0, interrupted: 0 })
  // A worker is linked to the parent it was registered with: nothing new, so it is counted and not kept.
  expect(first).toMatchObject({ added: events.length - 1, repeated: 1 })
  expect(await page.ledger.importEvents(events)).toMatchObject({ added: 0, repeated: events.length })
  await page.ledger.dispose()

  const next = await booted(scope)
  const shown = selectRun(next.state(), 'run_1')
  expect(shown).toMatchObject({
    run: { status: 'completed' },
    questions: [{ questionId: 'q1', state: 'unknown' }],
  })
  expect(shown?.telemetry.inputTokens).toBe(10)
  expect(selectRun(next.state(), 'run_1:w1')?.run.parentRunId).toBe('run_1:plan:1')
  expect(entities.runs.find(({ run }) => run.id === 'run_1')?.run.lastSequence).toBe(shown?.run.lastSequence)
  const query = { workflowRunId: 'run_1', order: 'ascending', limit: 1_000 } as const
  const { data } = await dispatchTo(next)(next.ledger.api.endpoints.listRunEvents.initiate(query))
  const stored = data?.pages.flatMap((each) => each.events) ?? []
  expect(JSON.parse(exportHarnRun(stored).text ?? '')).toEqual(rich())
})

test('harn A4: a run that says running is interrupted, inferred; a newer file of it has the last word', async () => {
  const page = await booted()
  const early = record({
    status: 'running',
    finished_at: null,
    stages: [stage('plan', 1)],
    completed_nodes: ['plan'],
  })
  const first = importHarnRun(JSON.stringify(early))
  const { interrupted } = await page.ledger.importEvents(first.events)
  expect(interrupted).toBe(2)
  expect(selectRun(page.state(), 'run_1')?.run).toMatchObject({ status: 'interrupted', inferred: true })
  const second = importHarnRun(JSON.stringify(record()))
  const { added, repeated } = await page.ledger.importEvents(second.events)
  expect(repeated).toBeGreaterThan(0)
  expect(added).toBeLessThan(second.events.length)
  expect(selectRun(page.state(), 'run_1')?.run).toMatchObject({ status: 'completed', inferred: false })
  await page.ledger.importEvents(first.events)
  expect(selectRun(page.state(), 'run_1')?.run).toMatchObject({ status: 'completed', inferred: false })
})

test('harn 19: a longer file of a run whose shorter one was settled here has its phases as the longer one alone', async () => {
  const long = record({
    stages: [stage('plan', 1), stage('write', 2), stage('check', 3, { kind: 'verify' }), stage('write', 4)],
    transitions: [
      transition('t1', 'plan', 'write'),
      transition('t2', 'write', 'check'),
      transition('t3', 'plan', 'check'),
    ],
    completed_nodes: ['plan', 'write', 'check'],
    pending_nodes: ['never'],
  })
  const short = record({
    status: 'running',
    finished_at: null,
    stages: [stage('plan', 1), stage('write', 2, { status: 'running', outcome: '', finished_at: null })],
    transitions: [transition('t1', 'plan', 'write')],
    completed_nodes: ['plan'],
  })
  const phasesAfter = async (...files: object[]) => {
    const page = await booted()
    for (const each of files) await page.ledger.importEvents(importHarnRun(JSON.stringify(each)).events)
    return selectWorkflow(page.state(), 'run_1')?.workflow.phases.map((phase) => ({
      ...phase,
      dependsOn: phase.dependsOn.toSorted(),
    }))
  }
  const alone = await phasesAfter(long)
  expect(alone?.map(({ name, status }) => [name, status])).toEqual([
    ['plan', 'completed'],
    ['write', 'completed'],
    ['check', 'completed'],
    ['never', 'pending'],
  ])
  expect(await phasesAfter(short, long)).toEqual(alone)
  expect(await phasesAfter(long, short)).toEqual(alone)
})

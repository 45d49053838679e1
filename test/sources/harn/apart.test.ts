/** A run record and a session log of it that come apart, in either order, into a real ledger: they end up as one. */
import { afterEach, describe, expect, test } from 'vitest'
import { readKnown } from '../../../app/lib/openRunsKnown.ts'
import { selectRun, selectToolCalls } from '../../../src/index.ts'
import { importHarnFolder } from '../../../src/sources/harn/folder.ts'
import { dispatchTo } from '../../state/support/lists.ts'
import { newScope, openPage } from '../../state/support/page.ts'
import type { Page } from '../../state/support/page.ts'
import { at, ms, record } from './support/records.ts'

let page: Page
afterEach(() => page.ledger.dispose())

/** The session is the run's own, a stage's, or a worker's; the record tells of its compaction and handoff where they are. */
const owned = {
  run_1: { metadata: { session_id: 's1' } },
  'run_1:w1': { child_runs: [{ worker_id: 'w1', status: 'completed', session_id: 's1', started_at: at(2) }] },
}
const RECORD = (more: object) => ({
  path: 'run.json',
  text: JSON.stringify(
    record({
      ...more,
      usage: { input_tokens: 100, total_cost: 1 },
      transcript: {
        events: [{ kind: 'compaction', metadata: { receipt: { receipt_id: 'rc1', archived_messages: 3 } } }],
      },
      handoffs: [{ id: 'h1', task: 't', target_persona_or_human: { label: 'Ada' }, created_at: at(5) }],
    }),
  ),
})
const CALL = { tool_call_id: 'c1', tool_name: 'read_file' }
const SESSION = {
  path: 'log.jsonl',
  text: [
    { type: 'iteration_start', iteration: 1 },
    { type: 'tool_call', ...CALL, kind: 'read', status: 'pending', raw_input: {} },
    { type: 'tool_call_update', ...CALL, status: 'completed', raw_output: 'text' },
    { type: 'transcript_compacted', receipt: { receipt_id: 'rc1', archived_messages: 3 } },
    {
      type: 'handoff',
      artifact_id: 'h1',
      handoff: { id: 'h1', task: 't', target_persona_or_human: { label: 'Ada' } },
    },
    { type: 'iteration_end', iteration: 1, iteration_info: { input_tokens: 40, output_tokens: 4 } },
  ]
    .map((event, index) =>
      JSON.stringify({ index, emitted_at_ms: ms(5 + index), session_id: 's1', ...event }),
    )
    .join('\n'),
}

async function take(...files: { path: string; text: string }[]) {
  const known = await readKnown(page.ledger, { dispatch: page.store.dispatch, getState: page.state })
  const imported = importHarnFolder(files, known)
  const done = await page.ledger.importEvents(imported.events)
  return { ...imported, ...done }
}

async function marksOf(runId: string) {
  const query = { runId, order: 'ascending', limit: 1_000 } as const
  const { data } = await dispatchTo(page)(
    page.ledger.api.endpoints.listRunEvents.initiate(query, { forceRefetch: true }),
  )
  const types = data?.pages.flatMap(({ events }) => events.map(({ type }) => type)) ?? []
  return types.filter((type) => type === 'transcript.compacted' || type === 'handoff.recorded').toSorted()
}

const callsOf = async (runId: string) => {
  await page.ledger.openRun(`r:${runId}`)
  return selectToolCalls(page.state(), runId).map(({ callId, status }) => [callId, status])
}

describe.each(Object.entries(owned))('harn 18, 25: the session of %s', (runId, more) => {
  test('the record first: its calls are there, marks are there once, figures are the record’s', async () => {
    page = openPage(newScope())
    await page.boot()
    await take(RECORD(more))
    const { opens, refused } = await take(SESSION)
    expect(refused).toBe(0)
    expect(opens).toBe(`r:${runId}`)
    expect(selectRun(page.state(), 's1')).toBeNull()
    expect(await callsOf(runId)).toEqual([['c1', 'completed']])
    expect(await marksOf('run_1')).toEqual(['handoff.recorded', 'transcript.compacted'])
    expect(selectRun(page.state(), 'run_1')?.telemetry).toMatchObject({
      inputTokens: 100,
      outputTokens: null,
    })
    expect(selectRun(page.state(), runId)?.run).toMatchObject({ status: 'completed', inferred: false })
    expect(await take(RECORD(more), SESSION)).toMatchObject({ added: 0 })
  })

  test('the session first: its run stands under the one it turns out to be of, figures count once', async () => {
    page = openPage(newScope())
    await page.boot()
    expect(await take(SESSION)).toMatchObject({ opens: 'r:s1' })
    expect(selectRun(page.state(), 's1')?.telemetry.inputTokens).toBe(40)
    expect(await take(RECORD(more))).toMatchObject({ opens: 'w:run_1', refused: 0 })
    const session = selectRun(page.state(), 's1')
    expect(session?.run.parentRunId).toBe(runId)
    expect(session?.telemetry).toMatchObject({ inputTokens: null, outputTokens: null })
    expect(await callsOf('s1')).toEqual([['c1', 'completed']])
    expect(await callsOf(runId)).toEqual([])
    expect(await marksOf('run_1')).toEqual(['handoff.recorded', 'transcript.compacted'])
    expect(await take(RECORD(more), SESSION)).toMatchObject({ added: 0 })
    expect(await take(SESSION)).toMatchObject({ added: 0 })
  })
})

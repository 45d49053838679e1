/** harn's files taken into a real ledger: all they say is in the logs, and saying it again adds nothing. */
import { afterEach, expect, test } from 'vitest'
import type { LogId } from '../../../src/index.ts'
import { harnActionGraph } from '../../../src/sources/harn/actionGraph.ts'
import { importHarnFolder } from '../../../src/sources/harn/folder.ts'
import { harnReplayFixture } from '../../../src/sources/harn/fixture.ts'
import { newScope, openPage } from '../../state/support/page.ts'
import type { Page } from '../../state/support/page.ts'

let page: Page | null = null
afterEach(async () => {
  await page?.ledger.dispose()
  page = null
})

const RUN = {
  _type: 'run_record',
  id: 'A',
  workflow_id: 'wf',
  status: 'completed',
  started_at: '2026-04-22T00:00:00Z',
  finished_at: '2026-04-22T00:01:00Z',
  odd: { nobody: 'knows' },
  stages: [{ id: 'A:plan:0', node_id: 'plan', kind: 'stage', status: 'completed', outcome: 'success' }],
  transitions: [],
}
const SESSION = [
  { type: 'agent_message_chunk', content: 'Hello' },
  { type: 'quantum_leap', to: 7 },
  { type: 'transcript_compacted', receipt: { receipt_id: 'rc1' } },
  { type: 'session_closed', status: 'completed', reason: '' },
]
  .map((event, index) =>
    JSON.stringify({ index, emitted_at_ms: Date.UTC(2026, 3, 22) + index, session_id: 's1', ...event }),
  )
  .join('\n')

const FILES = [
  { path: 'a.json', text: JSON.stringify(RUN) },
  { path: 'log.jsonl', text: SESSION },
]

/** The events of a log as an archive holds them. */
async function stored(open: Page, log: LogId) {
  let text = ''
  for await (const line of open.ledger.archive.export({ log })) text += line
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const told = lines.map(({ event }) => (event ?? {}) as Record<string, unknown>)
  return told.flatMap(({ type, position, payload }) =>
    typeof type === 'string' ? [{ type, position: position as string, payload }] : [],
  )
}

test('A2 A3 everything an import tells is in its log, once; the graph and the fixture are made of what is stored', async () => {
  page = openPage(newScope(), { idle: async () => {} })
  await page.boot()
  const { events } = importHarnFolder(FILES)
  const first = await page.ledger.importEvents(events)
  expect(first).toMatchObject({ added: events.length, repeated: 0, refused: 0, interrupted: 0 })
  expect(await page.ledger.importEvents(events)).toMatchObject({ added: 0, repeated: events.length })
  const kept = await stored(page, 'w:A')
  expect(kept.map(({ position }) => position)).toEqual(
    events.filter(({ event }) => event.log === 'w:A').map(({ event }) => event.position),
  )
  expect(harnActionGraph(kept)).toEqual(harnActionGraph(RUN as never))
  expect(harnReplayFixture(kept)).toEqual(harnReplayFixture(RUN as never))
})

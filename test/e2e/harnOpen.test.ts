/** Runs of harn, dropped onto the app or chosen: the run opens with its rows, and what was imported is said. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { App } from './support/app.ts'
import { browserForFile, eventually } from './support/browser.ts'

const { open } = browserForFile()

const at = (second: number): string => new Date(Date.UTC(2026, 3, 22, 9, 0, second)).toISOString()

const stage = (n: number, node: string, more: object = {}) => ({
  id: `run_a:${node}:${n}`,
  node_id: node,
  kind: 'stage',
  status: 'completed',
  outcome: 'success',
  started_at: at(n * 10),
  finished_at: at(n * 10 + 9),
  ...more,
})

const RUN = {
  _type: 'run_record',
  id: 'run_a',
  workflow_id: 'review',
  workflow_name: 'Review a change',
  task: 'Review the change to the parser.',
  status: 'completed',
  started_at: at(0),
  finished_at: at(59),
  execution: { cwd: '/work', env: { API_KEY: 'sk-should-never-be-seen' } },
  stages: [
    stage(0, 'plan'),
    stage(1, 'act'),
    stage(2, 'verify', { kind: 'verify', verification: { pass: true } }),
  ],
  transitions: [
    { id: 't1', from_stage_id: 'run_a:plan:0', to_node_id: 'act', branch: 'ready' },
    { id: 't2', from_stage_id: 'run_a:act:1', to_node_id: 'verify' },
  ],
  child_runs: [
    {
      worker_id: 'w1',
      worker_name: 'scout',
      parent_stage_id: 'run_a:act:1',
      session_id: 'session_w1',
      status: 'completed',
      task: 'Look at the tests.',
      started_at: at(11),
      finished_at: at(18),
    },
  ],
  handoffs: [
    {
      id: 'h1',
      task: 'Merge it',
      target_persona_or_human: { kind: 'human', label: 'Ada' },
      created_at: at(50),
    },
  ],
  transcript: {
    events: [
      {
        id: 'c1',
        kind: 'compaction',
        metadata: { estimated_tokens_before: 9000, estimated_tokens_after: 1200 },
      },
    ],
    assets: [],
  },
  metadata: {
    trigger_event: {
      id: 'evt_1',
      provider: 'github',
      kind: 'pull_request.opened',
      trace_id: 'trace_1',
      dedupe_key: 'd',
      received_at: at(0),
      signature_status: { state: 'failed', reason: 'bad key' },
    },
  },
}

const SESSION = [
  { type: 'iteration_start', iteration: 1 },
  {
    type: 'tool_call',
    tool_call_id: 'c1',
    tool_name: 'read_file',
    kind: 'read',
    status: 'pending',
    raw_input: { path: 'a.ts' },
  },
  {
    type: 'tool_call_update',
    tool_call_id: 'c1',
    tool_name: 'read_file',
    status: 'completed',
    raw_output: 'text',
    duration_ms: 12,
  },
  { type: 'something_new', a: 1 },
]
  .map((event, index) => {
    const line = { index, emitted_at_ms: Date.parse(at(12 + index)), session_id: 'session_w1', ...event }
    return `${JSON.stringify(line)}\n`
  })
  .join('')

interface Dropped {
  name: string
  text: string
}

/** A drop anywhere on the page, as the browser tells it. */
async function drop(app: App, files: readonly Dropped[], onto = 'main'): Promise<void> {
  const dataTransfer = await app.page.evaluateHandle((given) => {
    const transfer = new DataTransfer()
    for (const { name, text } of given) transfer.items.add(new File([text], name))
    return transfer
  }, files)
  const target = app.page.locator(onto).first()
  await target.dispatchEvent('dragover', { dataTransfer })
  await app.get('drop-veil').waitFor()
  await target.dispatchEvent('drop', { dataTransfer })
}

const run = (more: object = {}): Dropped => ({
  name: 'run_a.json',
  text: JSON.stringify({ ...RUN, ...more }, null, 2),
})
const session: Dropped = { name: 'event_log.jsonl', text: SESSION }

const shoot = async (app: App, name: string): Promise<void> => {
  const folder = process.env['RUN_LEDGER_SHOTS']
  if (folder !== undefined) await app.page.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
}

test('a run dropped anywhere opens with its rows, its course and what was left out; again, it says nothing new', async () => {
  const app = await (await open()).open('/inbox')
  await drop(app, [run(), session])
  await app.get('workflow-page').waitFor()
  expect(app.path).toBe('/workflows/run_a')
  await app.status('completed')
  expect(await app.page.locator('h1').innerText()).toBe('Review a change')
  expect(await app.get('drop-veil').count()).toBe(0)

  const said = app.get('open-report')
  await eventually(() => said.innerText()).toMatch(/\d+ events of 1 run and 1 session imported\./)
  expect(await said.innerText()).toContain('Secrets left out')
  await said.locator('summary').first().click()
  expect(await said.innerText()).toContain('API_KEY')

  await eventually(() => app.get('phase').count()).toBe(3)
  // The calls of a closed agent are read when it is opened.
  await eventually(async () => (await app.tools()).map(({ status }) => status)).toEqual(['completed'])
  const rows = await app.rows()
  const nodes = app.get('harn-node')
  await eventually(() => nodes.count()).toBe(6)
  expect(await nodes.nth(3).innerText()).toMatch(/act[^]*completed[^]*after plan \(ready\)/)
  expect(await app.get('harn-trigger').getAttribute('data-signature')).toBe('failed')
  expect(await app.get('harn-trigger').innerText()).toMatch(/github:pull_request.opened[^]*signature failed/)
  expect(await app.get('harn-mark').allInnerTexts()).toEqual([
    'The transcript was shortened from 9,000 to 1,200 tokens.',
    'Handed on to Ada: Merge it',
  ])
  await shoot(app, 'run-light')
  await app.page.emulateMedia({ colorScheme: 'dark' })
  await shoot(app, 'run-dark')
  await app.page.setViewportSize({ width: 390, height: 844 })
  await shoot(app, 'run-phone')
  const wide = await app.page.evaluate(() => document.documentElement.scrollWidth)
  expect(wide).toBeLessThanOrEqual(390)

  await app.get('dismiss-open').click()
  expect(await said.count()).toBe(0)
  await drop(app, [run(), session])
  await eventually(() => said.innerText()).toContain('Everything in it was here already.')
  await eventually(() => app.rows()).toEqual(rows)
  expect(await app.page.content()).not.toContain('sk-should-never-be-seen')

  // History: nothing waits for anyone, and it is all there after a reload.
  await app.reload()
  await app.status('completed')
  expect((await app.rows()).map(({ id, status }) => [id, status])).toEqual(
    rows.map(({ id, status }) => [id, status]),
  )
  await eventually(() => app.get('harn-node').count()).toBe(6)
})

test('a newer file of the same run adds only what is new', async () => {
  const app = await (await open()).open()
  await drop(
    app,
    [
      run({
        status: 'running',
        finished_at: null,
        stages: RUN.stages.slice(0, 1),
        transitions: [],
        child_runs: [],
      }),
    ],
    'h2',
  )
  await app.status('interrupted')
  await eventually(() => app.get('open-report').innerText()).toContain('marked as interrupted')
  await drop(app, [run()])
  await app.status('completed')
  // The run itself, its three stages and the worker.
  const done = async () => (await app.agents()).filter(({ status }) => status === 'completed').length
  await eventually(done).toBe(5)
})

test('what is nothing of harn is refused where the person looks, and the page stays', async () => {
  const app = await (await open()).open('/inbox')
  await drop(app, [{ name: 'notes.txt', text: 'hello' }])
  await eventually(() => app.get('open-error').innerText()).toContain(
    'notes.txt is no run of harn, no session log and no archive of a run ledger.',
  )
  expect(app.path).toBe('/inbox')
  await shoot(app, 'refused')
  await app.get('dismiss-open').press('Enter')
  expect(await app.get('open-error').count()).toBe(0)
})

test('a session log by itself opens as a run of its own; an unknown event in it is kept', async () => {
  const app = await (await open()).open('/inbox')
  await drop(app, [session])
  await app.get('run-page').waitFor()
  expect(app.path).toBe('/runs/session_w1')
  await app.status('interrupted')
  await eventually(() => app.get('event-row').filter({ hasText: 'something_new' }).count()).toBe(1)
  expect((await app.rows()).map(({ status }) => status)).toContain('completed')
})

test('an archive dropped anywhere is looked at on the storage page before anything is written', async () => {
  const app = await (await open()).open('/inbox')
  const text = '{"format":"run-ledger-archive","version":1}\n{"end":{"logs":0}}\n'
  await drop(app, [{ name: 'runs.jsonl', text }])
  await app.get('import-diff').waitFor()
  expect(app.path).toBe('/storage')
  expect(await app.get('import-diff').innerText()).toContain('runs.jsonl')
})

test('the storage page takes harn’s files by the keyboard as well, and keeps to archives otherwise', async () => {
  const app = await (await open()).open('/storage')
  await shoot(app, 'storage')
  await app.get('import-input').setInputFiles([
    { name: 'run_a.json', mimeType: '', buffer: Buffer.from(run().text) },
    { name: 'event_log.jsonl', mimeType: '', buffer: Buffer.from(SESSION) },
  ])
  await app.get('workflow-page').waitFor()
  await app.status('completed')
  await app.open('/storage')
  await app.get('import-input').setInputFiles([{ name: 'x.txt', mimeType: '', buffer: Buffer.from('hello') }])
  await eventually(() => app.get('open-error').innerText()).toContain('x.txt is no run of harn')
  // Said where the person looks, wherever the page is scrolled to.
  await app.page.evaluate(() => scrollTo(0, document.body.scrollHeight))
  const box = await app.get('open-error').boundingBox()
  expect(box?.y).toBeGreaterThanOrEqual(0)
})

test('a chosen folder opens with the runs it delegated to and the sessions of both', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'harn-'))
  const child = { ...RUN, id: 'run_b', workflow_name: 'Scout', child_runs: [], metadata: {} }
  const [worker] = RUN.child_runs
  const parent = run({ child_runs: [{ ...worker, run_path: '/elsewhere/runs/run_b.json' }] })
  await mkdir(join(folder, 'runs'))
  await writeFile(join(folder, 'runs', 'run_a.json'), parent.text)
  await writeFile(join(folder, 'runs', 'run_b.json'), JSON.stringify(child))
  await writeFile(join(folder, 'event_log.jsonl'), SESSION)
  await writeFile(join(folder, 'picture.png'), 'no text')
  const app = await (await open()).open('/storage')
  await app.get('import-folder-input').setInputFiles(folder)
  await app.get('workflow-page').waitFor()
  expect(app.path).toBe('/workflows/run_a')
  const said = app.get('open-report')
  await eventually(() => said.innerText()).toContain('2 runs and 1 session imported.')
  expect(await said.innerText()).toContain('1 other file left alone.')
  await app.open('/workflows/run_b')
  await app.status('completed')
  await rm(folder, { recursive: true })
})

test('a session log opened after its record is on its run; the run goes out again as harn wrote it', async () => {
  const app = await (await open()).open('/inbox')
  await drop(app, [run()])
  await app.status('completed')
  await drop(app, [session])
  await eventually(() => app.path).toBe('/runs/run_a%3Aw1')
  await eventually(() => app.get('tool-row').allInnerTexts()).toEqual([expect.stringContaining('read_file')])
  await app.open('/workflows/run_a')
  const download = app.page.waitForEvent('download')
  await app.get('harn-export').click()
  const file = await download
  expect(file.suggestedFilename()).toBe('run-a.json')
  const { execution, ...rest } = JSON.parse(await readFile(await file.path(), 'utf8')) as typeof RUN
  expect(rest).toEqual(Object.fromEntries(Object.entries(RUN).filter(([name]) => name !== 'execution')))
  expect(execution).toEqual({ cwd: '/work' })
})

test('a large file is read beside the page, which stays alive, and can be given up; nothing is written then', async () => {
  const app = await (await open()).open('/inbox')
  const large = {
    ...RUN,
    id: 'run_large',
    odd: Array.from({ length: 60_000 }, (_, n) => ({ n, text: 'x'.repeat(200) })),
  }
  await drop(app, [{ name: 'large.json', text: JSON.stringify(large) }])
  // The click is heard only if the page is not busy reading.
  await app.get('cancel-open').click()
  await eventually(() => app.get('open-report').innerText()).toContain('Cancelled. Nothing was imported.')
  expect(app.path).toBe('/inbox')
  await app.open('/workflows/run_large')
  await app.page.getByText('not known').first().waitFor()
})

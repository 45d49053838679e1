/** A worker that lost its mind: what it sends is refused, counted and shown, and the run beside it goes on. */
import { expect, test } from 'vitest'
import { DISPUTED } from './support/app.ts'
import { eventually, browserForFile } from './support/browser.ts'

const { open } = browserForFile()

/** Runs in the page. Envelopes as in `src/orchestrator/protocol.ts`; each event is wrong in its own way. */
function misbehave(): number {
  const log = 'r:hostile'
  const timestamp = Date.now()
  let position = 0
  const event = (type: unknown, payload: unknown, more: object = {}) => {
    position += 1
    return { log, type, payload, timestamp, position: `hostile ${position}`, ...more }
  }
  let deep: unknown = 'the end'
  for (let depth = 0; depth < 10_000; depth += 1) deep = { deep }
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  const events: unknown[] = [
    null,
    'an event',
    42,
    [],
    event('tool.started', { name: 17 }),
    event('tool.started', { name: 'x'.repeat(1024 * 1024) }),
    event('run.transitioned', { to: 'flying', trigger: 'spawn' }),
    event(undefined, {}),
    event('run.registered', {}, { log: '__proto__' }),
    event('run.registered', {}, { timestamp: 'yesterday' }),
    event('run.registered', {}, { position: -1 }),
    event('workflow.registered', { definitionId: 'x', phases: [] }),
    event('question.asked', { questionId: 'q', prompt: 'p', options: 'all' }),
    event('foreign.deep', deep),
    event('foreign.cycle', cycle),
    event('foreign.proto', JSON.parse('{"__proto__": {"polluted": true}}')),
    event('foreign.number', { cost: Number.NaN }),
  ]
  window.e2e.hear({ runLedger: 2, kind: 'events', events })
  return events.length
}

/** Not even envelopes: none of them may reach the ledger as an event. */
function babble(): void {
  const hear = (message: unknown): void => window.e2e.hear(message)
  hear(null)
  hear('hello')
  hear({ runLedger: 2, kind: 'events', events: [] })
  hear({ runLedger: 2, kind: 'events', events: 'none' })
  hear({ runLedger: 2, kind: 'nonsense' })
  hear({ runLedger: 2, kind: 'delivery', requestId: 'x', delivery: null })
  hear({ runLedger: 2, kind: 'live', requestId: 10_000, live: ['r:x'] })
  hear({ runLedger: 2, kind: 'failed', requestId: 10_001, message: 'Nobody asked.' })
}

test('malformed events are refused, counted and shown, and the run goes on', async () => {
  const app = await (await open()).open()
  await app.ask(DISPUTED)
  await app.status('awaiting_user')
  expect(await app.get('quarantine-count').isVisible()).toBe(false)
  const rows = await app.rows()

  await app.page.evaluate(babble)
  const refused = await app.page.evaluate(misbehave)
  await eventually(() => app.get('quarantine-count').innerText()).toBe(String(refused))
  expect(await app.rows()).toEqual(rows)

  await app.get('quarantine-count').click()
  await eventually(() => app.get('quarantine-entry').count()).toBe(refused)
  const entries = (await app.get('quarantine-entry').allInnerTexts()).join('\n')
  expect(entries).toContain('nested deeper than 64')
  expect(entries).toContain('the key __proto__')
  // A refused megabyte is kept as a sample, not as a megabyte of page.
  expect(entries.length).toBeLessThan(200_000)
  await app.page.keyboard.press('Escape')

  await app.answer(0)
  await app.status('completed')
  expect(await app.report()).toContain('14 days')
  expect(await app.page.evaluate(() => 'polluted' in {})).toBe(false)

  // They are kept: the count is the same in the next page, and no run was made of them.
  await app.open('/')
  await eventually(() => app.get('quarantine-count').innerText()).toBe(String(refused))
  expect(await app.get('run-row').count()).toBe(1)
})

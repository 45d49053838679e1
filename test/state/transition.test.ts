/** Moves that a host decides itself: checked and written in one transaction. Laws F4a, C1, W5. */
import { describe, expect, test } from 'vitest'
import { IllegalTransitionError } from '../../src/index.ts'
import type { LogId, RunStatusName } from '../../src/index.ts'
import { refold } from '../../src/core/accept.ts'
import { indexedDbLedger } from '../../src/ledger/indexedDb.ts'
import { memoryContentStore } from '../../src/ledger/contentStore.ts'
import { systemClock } from '../../src/platform/browser.ts'
import { at } from '../../src/state/table.ts'
import { committed, decided } from '../../src/state/actions.ts'
import { newScope, openPage, research, script } from './support/page.ts'
import type { Page } from './support/page.ts'

const RUN = 'r:wf1.research.1'
const WORKFLOW = 'w:wf1'
const claim = { trigger: 'prompt_received' } as const

async function told(
  events: (lines: ReturnType<typeof script>) => object[],
  scope = newScope(),
): Promise<Page> {
  const page = openPage(scope)
  await page.boot()
  const lines = script()
  page.source.emit(lines.stream, events(lines))
  await page.ledger.whenIdle()
  return page
}

function statusOf(page: Page, log: LogId): string | undefined {
  const record = at(page.state().runs.records, log)
  return record?.entity === 'run' ? record.run.status : record?.workflow.status
}

/** A workflow run that has not begun, and a run of it that was only registered. */
const pending = ({ event }: ReturnType<typeof script>): object[] => [
  event(WORKFLOW, 'workflow.registered', {
    definitionId: 'research',
    phases: [{ name: 'research', agentIds: ['researcher'], dependsOn: [] }],
  }),
  event(RUN, 'run.registered', { workflowRunId: 'wf1', phase: 'research', agentId: 'researcher' }),
]

describe('a move of ours', () => {
  test('F4a is written with its trigger, reason and position, before it is visible', async () => {
    const page = await told(research)
    const before = page.actions.length
    expect(
      await page.ledger.runs.transition(RUN, 'paused', { trigger: 'paused_by_user', reason: 'Lunch.' }),
    ).toEqual({ moved: true })
    const shown = page.actions.slice(before).filter((action) => decided.match(action))
    expect(shown.flatMap(({ payload }) => payload.changes.flatMap(({ events }) => events))).toMatchObject([
      {
        log: RUN,
        type: 'run.transitioned',
        stream: 'ledger:decisions',
        position: '1.5',
        payload: { to: 'paused', trigger: 'paused_by_user', reason: 'Lunch.' },
      },
    ])
    expect(page.actions.findLast((action) => committed.match(action))?.payload).toMatchObject({
      transitions: [{ log: RUN, from: 'running', to: 'paused', trigger: 'paused_by_user' }],
    })
    expect(statusOf(page, RUN)).toBe('paused')
    await page.ledger.dispose()
  })

  test.each([
    ['completed', 'result_received'],
    ['idle', 'connected'],
  ] as const)(
    'F4a an illegal one to %s names from, to and trigger, and writes nothing',
    async (to, trigger) => {
      const page = await told((lines) => [
        ...research(lines),
        lines.event(RUN, 'run.transitioned', { to: 'awaiting_user', trigger: 'question_asked' }),
      ])
      const before = at(page.state().runs.records, RUN)
      const refused = page.ledger.runs.transition(RUN, to, { trigger })
      await expect(refused).rejects.toThrow(IllegalTransitionError)
      await expect(refused).rejects.toMatchObject({ from: 'awaiting_user', to, trigger })
      expect(at(page.state().runs.records, RUN)).toBe(before)
      await page.ledger.dispose()
    },
  )

  test('F4a a settled run moves nowhere', async () => {
    const page = await told((lines) => [
      ...research(lines),
      lines.event(RUN, 'run.transitioned', { to: 'completed', trigger: 'result_received' }),
    ])
    await expect(page.ledger.runs.transition(RUN, 'running', claim)).rejects.toThrow(IllegalTransitionError)
    await page.ledger.dispose()
  })

  test('the same status again is nothing, and so is one that was expected otherwise', async () => {
    const page = await told(research)
    const before = page.state().runs.records
    const to = (status: RunStatusName, expected: object): Promise<{ moved: boolean }> =>
      page.ledger.runs.transition(RUN, status, { trigger: 'errored', expect: expected })
    expect(await page.ledger.runs.transition(RUN, 'running', claim)).toEqual({ moved: false })
    expect(await to('failed', { attempt: 2 })).toEqual({ moved: false })
    expect(await to('failed', { status: 'idle' })).toEqual({ moved: false })
    expect(page.state().runs.records).toBe(before)
    expect(await to('failed', { attempt: 1, status: 'running' })).toEqual({ moved: true })
    await page.ledger.dispose()
  })

  test('a run nobody knows is refused by name', async () => {
    const page = await told(research)
    await expect(page.ledger.runs.transition('r:nobody', 'running', claim)).rejects.toThrow(
      'There is no run nobody here.',
    )
    await page.ledger.dispose()
  })

  test('what the workflow run says of it is written in the same transaction', async () => {
    const page = await told(pending)
    const before = page.actions.length
    await page.ledger.runs.transition(RUN, 'running', claim)
    const [shown, ...others] = page.actions.slice(before).filter((action) => decided.match(action))
    expect(others).toEqual([])
    expect(shown?.payload.changes.map(({ log, events }) => [log, events.map(({ type }) => type)])).toEqual([
      [RUN, ['run.transitioned']],
      [WORKFLOW, ['run.linked', 'workflow.transitioned', 'phase.transitioned']],
    ])
    expect(statusOf(page, WORKFLOW)).toBe('running')
    await page.ledger.runs.transition(RUN, 'awaiting_user', { trigger: 'question_asked' })
    expect(statusOf(page, WORKFLOW)).toBe('awaiting_user')
    await page.ledger.runs.transition(RUN, 'running', { trigger: 'answered' })
    expect(statusOf(page, WORKFLOW)).toBe('running')
    await page.ledger.dispose()
  })
})

describe('two pages', () => {
  test('W5 race a thousand claims of one database: exactly one wins each, and none is lost', async () => {
    const RUNS = 100
    const ROUNDS = 10
    const scope = newScope()
    const logs = Array.from({ length: RUNS }, (_, index): LogId => `r:claim${index}`)
    // The other page takes each pair the other way round, so that both are first now and then.
    const swapped = logs.map((log, index) => logs[index % 2 === 0 ? index + 1 : index - 1] ?? log)
    const open = (): Page => {
      const ledger = indexedDbLedger({ scope, clock: systemClock })
      return openPage(scope, { storage: { ledger, journal: null, content: memoryContentStore() } })
    }
    const one = open()
    await one.boot()
    const lines = script()
    one.source.emit(
      lines.stream,
      logs.map((log) => lines.event(log, 'run.registered', {})),
    )
    await one.ledger.whenIdle()
    const other = open()
    await other.boot()

    const wins = { one: 0, other: 0 }
    for (let round = 0; round < ROUNDS; round += 1) {
      const to = round % 2 === 0 ? 'running' : 'idle'
      const race = async ({ ledger }: Page, order: readonly LogId[]): Promise<ReadonlySet<LogId>> => {
        const moves = await Promise.all(order.map((log) => ledger.runs.transition(log, to, claim)))
        return new Set(order.filter((_, index) => moves[index]?.moved))
      }
      const [ones, others] = await Promise.all([race(one, logs), race(other, swapped)])
      wins.one += ones.size
      wins.other += others.size
      expect(logs.filter((log) => ones.has(log) === others.has(log))).toEqual([])
    }
    expect(wins.one).toBeGreaterThan(0)
    expect(wins.other).toBeGreaterThan(0)
    expect(wins.one + wins.other).toBe(RUNS * ROUNDS)

    const onlooker = indexedDbLedger({ scope, clock: systemClock })
    await onlooker.open()
    for (const log of logs) {
      const events = await onlooker.readEvents(log, { after: 0, limit: 100 })
      const moves = events.slice(1).map(({ payload }) => payload['to'])
      expect(moves).toEqual(
        Array.from({ length: ROUNDS }, (_, index) => (index % 2 === 0 ? 'running' : 'idle')),
      )
      expect((await onlooker.readRecords([log])).get(log)).toEqual(refold(events)?.record)
    }
    await onlooker.close()
    await one.ledger.dispose()
    await other.ledger.dispose()
  })
})

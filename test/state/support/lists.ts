/** What lists promise, said naively over records, and pages of the endpoints as one flat answer. */
import type { LogRecord } from '../../../src/core/entities.ts'
import { lifecycleOf } from '../../../src/core/entities.ts'
import type { LogId } from '../../../src/core/ids.ts'
import type { AgentRunQuery, RunPage, WorkflowRunQuery } from '../../../src/index.ts'
import type { ApiDispatch } from '../../../src/state/api/openQueries.ts'
import { valuesOf } from '../../../src/state/table.ts'
import { newScope, openPage, script } from './page.ts'
import type { Page, Script } from './page.ts'

/** Every record of the page's ledger, by its own word. */
export async function allRecords(page: Page): Promise<readonly LogRecord[]> {
  return valuesOf(page.state().runs.records)
}

export function agentRuns(records: readonly LogRecord[], query: AgentRunQuery): string[] {
  return sorted(records)
    .flatMap((record) => (record.entity === 'run' ? [record.run] : []))
    .filter(
      (run) =>
        (query.status === undefined || run.status === query.status) &&
        (query.kind === undefined || run.kind === query.kind) &&
        (query.parentRunId === undefined || run.parentRunId === query.parentRunId) &&
        (query.parentThreadId === undefined || run.parentThreadId === query.parentThreadId),
    )
    .map(({ id }) => id)
}

export function workflowRuns(records: readonly LogRecord[], query: WorkflowRunQuery): string[] {
  return sorted(records)
    .flatMap((record) => (record.entity === 'workflow' ? [record.workflow] : []))
    .filter(
      (run) =>
        (query.status === undefined || run.status === query.status) &&
        (query.definitionId === undefined || run.definitionId === query.definitionId) &&
        (query.parentThreadId === undefined || run.parentThreadId === query.parentThreadId),
    )
    .map(({ id }) => id)
}

const sorted = (records: readonly LogRecord[]): LogRecord[] =>
  records.toSorted((a, b) => lifecycleOf(b).sortAt - lifecycleOf(a).sortAt || (a.log < b.log ? -1 : 1))

export const idsOf = (data: { pages: readonly RunPage[] } | undefined): string[] =>
  data?.pages.flatMap(({ ids }) => ids) ?? []

export const totalOf = (data: { pages: readonly RunPage[] } | undefined) => data?.pages.at(-1)?.total

/** Registers a run and says what became of it. */
export function tellRun(
  event: (log: string, type: string, payload: object) => object,
  id: string,
  fields: object,
  to?: string,
): object[] {
  const log: LogId = `r:${id}`
  const begin = event(log, 'run.registered', { status: 'running', ...fields })
  return to === undefined ? [begin] : [begin, end(event, id, to)]
}

export const end = (
  event: (log: string, type: string, payload: object) => object,
  id: string,
  to: string,
): object => event(`r:${id}`, 'run.transitioned', { to, trigger: 'result_received' })

/** The store's dispatch, which takes the endpoints' thunks. */
export const dispatchTo = (page: Page): ApiDispatch => page.store.dispatch as ApiDispatch

/** A page that is ready, and something to say on it. */
export async function booted(
  options: Parameters<typeof openPage>[1] = {},
): Promise<{ page: Page; lines: Script }> {
  const page = openPage(newScope(), options)
  await page.boot()
  return { page, lines: script() }
}

/** Says something and waits until it is written. */
export async function hear(page: Page, lines: Script, events: object[]): Promise<void> {
  page.source.emit(lines.stream, events)
  await page.ledger.whenIdle()
}

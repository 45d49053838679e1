/**
 * Owns the ledger's endpoints: lists and events from disk, bounded and in pages, under the names of OpenHuman's
 * calls. Their cache holds ids and totals; the runs go to `runsSlice`, where the higher `lastSequence` wins.
 */
import type { Dispatch } from '@reduxjs/toolkit'
import { createApi, fakeBaseQuery } from '@reduxjs/toolkit/query'
import { idOfLog } from '../core/ids.ts'
import type { Ledger, RecordFilter } from '../ledger/port.ts'
import { recordsLoaded } from './actions.ts'
import { EVENT_PAGES, isForwards, toEventPage } from './api/eventPages.ts'
import type { EventPage } from './api/eventPages.ts'
import { toRunPage } from './api/listPages.ts'
import type { RunPage } from './api/listPages.ts'
import {
  agentRunFilter,
  checkAgentRuns,
  checkId,
  checkRunEvents,
  checkWorkflowRuns,
  EVENT_LIMIT,
  eventLog,
  LIST_LIMIT,
  logOf,
  positionAt,
  workflowRunFilter,
} from './api/queries.ts'
import type {
  AgentRunQuery,
  EventCursor,
  ListCursor,
  QueryFailure,
  RunEventQuery,
  WorkflowRunQuery,
} from './api/queries.ts'
import type { RunsState } from './runsState.ts'
import { at } from './table.ts'

export const LEDGER_API = 'runLedgerApi'

export type LedgerApi = ReturnType<typeof createLedgerApi>
export interface LedgerApiState {
  [LEDGER_API]: ReturnType<LedgerApi['reducer']>
}

type Answer<Data> = { data: Data } | { error: QueryFailure }

export interface LedgerApiOptions {
  ledger: Pick<Ledger, 'listPage' | 'readRecords' | 'readEvents' | 'readHead'>
  /** Resolves once the ledger can be read; to why not, when it never can. */
  readable: () => Promise<QueryFailure | null>
}

export function createLedgerApi({ ledger, readable }: LedgerApiOptions) {
  /** Nothing is read for a question that makes no sense, nor before the ledger is there. */
  async function answer<Data>(
    wrong: QueryFailure | null,
    read: () => Promise<Answer<Data>>,
  ): Promise<Answer<Data>> {
    const failure = wrong ?? (await readable())
    if (failure !== null) return { error: failure }
    try {
      return await read()
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      return { error: { kind: 'failed', message } }
    }
  }

  async function readRuns(
    dispatch: Dispatch,
    filter: RecordFilter,
    limit: number = LIST_LIMIT.usual,
    cursor: ListCursor | null = null,
  ): Promise<Answer<RunPage>> {
    const before = cursor && positionAt(filter.entity, cursor)
    const page = await ledger.listPage({ ...filter, limit, ...(before && { before }) })
    if (page.records.length > 0) dispatch(recordsLoaded({ records: page.records }))
    return { data: toRunPage(page) }
  }

  /** A run by id; one that is in memory is at least as new there as on disk. */
  async function readRun(
    dispatch: Dispatch,
    state: unknown,
    entity: RecordFilter['entity'],
    id: string,
  ): Promise<Answer<{ id: string }>> {
    const log = logOf(entity, id)
    // The host's state has our slice under our key.
    if (at((state as { runs: RunsState }).runs.records, log) !== undefined) return { data: { id } }
    const records = [...(await ledger.readRecords([log])).values()]
    if (records.length === 0) {
      const name = entity === 'run' ? 'run' : 'workflow run'
      return { error: { kind: 'not-found', message: `There is no ${name} "${id}".` } }
    }
    dispatch(recordsLoaded({ records }))
    return { data: { id } }
  }

  async function readEvents(query: RunEventQuery, cursor: EventCursor | null): Promise<Answer<EventPage>> {
    const log = eventLog(query)
    const { order = 'latest', limit = EVENT_LIMIT.usual, afterSequence: floor = 0 } = query
    const window = cursor ?? (isForwards(cursor, order) ? { after: floor } : {})
    const events = await ledger.readEvents(log, { ...window, limit: limit + 1 })
    if (events.length === 0 && cursor === null && (await ledger.readHead(log)) === 0) {
      return { error: { kind: 'not-found', message: `There is no run "${idOfLog(log)}".` } }
    }
    return { data: toEventPage(events, cursor, { order, limit, floor }) }
  }

  return createApi({
    reducerPath: LEDGER_API,
    baseQuery: fakeBaseQuery<QueryFailure>(),
    /** `list`: to be invalidated when many runs came or went at once. `unavailable`: asked in vain. */
    tagTypes: ['list', 'unavailable'],
    endpoints: (build) => {
      const tags = (_data: unknown, error: QueryFailure | undefined) =>
        error?.kind === 'unavailable' ? (['unavailable', 'list'] as const) : (['list'] as const)
      const listOptions = {
        initialPageParam: null,
        getNextPageParam: (last: RunPage): ListCursor | null => last.next,
      }
      return {
        listAgentRuns: build.infiniteQuery<RunPage, AgentRunQuery, ListCursor | null>({
          infiniteQueryOptions: listOptions,
          providesTags: tags,
          queryFn: ({ queryArg, pageParam }, { dispatch }) =>
            answer(checkAgentRuns(queryArg, pageParam), () =>
              readRuns(dispatch, agentRunFilter(queryArg), queryArg.limit, pageParam),
            ),
        }),
        listWorkflowRuns: build.infiniteQuery<RunPage, WorkflowRunQuery, ListCursor | null>({
          infiniteQueryOptions: listOptions,
          providesTags: tags,
          queryFn: ({ queryArg, pageParam }, { dispatch }) =>
            answer(checkWorkflowRuns(queryArg, pageParam), () =>
              readRuns(dispatch, workflowRunFilter(queryArg), queryArg.limit, pageParam),
            ),
        }),
        getAgentRun: build.query<{ id: string }, { id: string }>({
          providesTags: tags,
          queryFn: (query, { dispatch, getState }) =>
            answer(checkId(query), () => readRun(dispatch, getState(), 'run', query.id)),
        }),
        getWorkflowRun: build.query<{ id: string }, { id: string }>({
          providesTags: tags,
          queryFn: (query, { dispatch, getState }) =>
            answer(checkId(query), () => readRun(dispatch, getState(), 'workflow', query.id)),
        }),
        listRunEvents: build.infiniteQuery<EventPage, RunEventQuery, EventCursor | null>({
          infiniteQueryOptions: {
            initialPageParam: null,
            maxPages: EVENT_PAGES,
            getNextPageParam: (last) => last.next,
            getPreviousPageParam: (first) => first.previous,
          },
          providesTags: tags,
          queryFn: ({ queryArg, pageParam }) =>
            answer(checkRunEvents(queryArg, pageParam), () => readEvents(queryArg, pageParam)),
        }),
      }
    },
  })
}

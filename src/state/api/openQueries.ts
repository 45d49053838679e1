/** Owns finding the endpoints' open lists and event pages in the cache, and changing what they hold. */
import type { ThunkDispatch, UnknownAction } from '@reduxjs/toolkit'
import type { RecordFilter } from '../../ledger/port.ts'
import type { LedgerApi, LedgerApiState } from '../api.ts'
import { LEDGER_API } from '../api.ts'
import type { RunLedgerState } from '../selectors/selectors.ts'
import type { EventPages } from './eventPages.ts'
import type { RunPage } from './listPages.ts'
import { agentRunFilter, workflowRunFilter } from './queries.ts'
import type { AgentRunQuery, ListCursor, RunEventQuery, WorkflowRunQuery } from './queries.ts'

export type FollowedState = RunLedgerState & LedgerApiState
export type ApiDispatch = ThunkDispatch<FollowedState, unknown, UnknownAction>

interface ListPages {
  pages: RunPage[]
  pageParams: (ListCursor | null)[]
}

export interface OpenList {
  cacheKey: string
  filter: RecordFilter
  pages: readonly RunPage[]
  update(api: LedgerApi, dispatch: ApiDispatch, change: (data: ListPages) => void): void
}

export interface OpenEvents {
  query: RunEventQuery
  data: EventPages
}

/** What the cache keeps for one question; endpoint, question and answer belong together. */
interface Entry {
  endpointName?: string
  originalArgs?: unknown
  data?: unknown
}

const entriesOf = (state: LedgerApiState): [string, Entry][] =>
  Object.entries(state[LEDGER_API].queries).flatMap(([key, entry]) =>
    entry?.data === undefined ? [] : [[key, entry]],
  )

export const openLists = (state: LedgerApiState): OpenList[] =>
  entriesOf(state).flatMap(([key, entry]) => toList(key, entry) ?? [])

export function openList(state: LedgerApiState, cacheKey: string): OpenList | null {
  const entry = state[LEDGER_API].queries[cacheKey]
  return entry?.data === undefined ? null : toList(cacheKey, entry)
}

export const openEvents = (state: LedgerApiState): OpenEvents[] =>
  entriesOf(state).flatMap(([, { endpointName, originalArgs, data }]) =>
    // The cache keeps what the endpoint gave, under its name.
    endpointName === 'listRunEvents'
      ? [{ query: originalArgs as RunEventQuery, data: data as EventPages }]
      : [],
  )

function toList(cacheKey: string, { endpointName, originalArgs, data }: Entry): OpenList | null {
  const { pages } = data as ListPages
  if (endpointName === 'listAgentRuns') {
    const query = originalArgs as AgentRunQuery
    return {
      cacheKey,
      filter: agentRunFilter(query),
      pages,
      update: (api, dispatch, change) =>
        void dispatch(api.util.updateQueryData('listAgentRuns', query, change)),
    }
  }
  if (endpointName !== 'listWorkflowRuns') return null
  const query = originalArgs as WorkflowRunQuery
  return {
    cacheKey,
    filter: workflowRunFilter(query),
    pages,
    update: (api, dispatch, change) =>
      void dispatch(api.util.updateQueryData('listWorkflowRuns', query, change)),
  }
}

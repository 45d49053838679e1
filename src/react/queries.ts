/**
 * Owns the hooks over the ledger's endpoints: lists and events from disk, page by page, that follow what happens
 * while they are mounted. `useRuns` is for what is in memory anyway; these reach all that is stored.
 */
import { useCallback, useEffect, useMemo } from 'react'
import { shallowEqual, useDispatch, useSelector } from 'react-redux'
import type { RunEvent } from '../core/entities.ts'
import { runLog, workflowLog } from '../core/ids.ts'
import type { LogId } from '../core/ids.ts'
import type { EventPage } from '../state/api/eventPages.ts'
import { selectListEntries } from '../state/api/listEntries.ts'
import type { RunPage } from '../state/api/listPages.ts'
import type { ApiDispatch, FollowedState } from '../state/api/openQueries.ts'
import type { AgentRunQuery, QueryFailure, RunEventQuery, WorkflowRunQuery } from '../state/api/queries.ts'
import type { RunListEntry } from '../state/selectors/selectors.ts'
import { useRunLedger } from './context.tsx'

const useFollowedSelector = useSelector.withTypes<FollowedState>()
const useApiDispatch = useDispatch.withTypes<ApiDispatch>()

export interface PagedView {
  /** `loading` until the first page is there; `failed` says why in `error`. */
  state: 'loading' | 'ready' | 'failed'
  error: QueryFailure | null
  /** More of it is on disk. */
  hasMore: boolean
  isLoadingMore: boolean
  loadMore: () => void
}

export interface RunListView extends PagedView {
  /** Newest first. Workflow runs count in those of their children that are in memory. */
  rows: readonly RunListEntry[]
  /** Of the whole list, loaded or not; null while nobody knows. */
  total: RunPage['total'] | null
}

export interface RunEventPagesView extends PagedView {
  /** In the order that was asked for. */
  events: readonly RunEvent[]
  /** Pages before the first one were let go, or there is news that is not in memory. */
  hasPrevious: boolean
  loadPrevious: () => void
}

/** Agent runs as they are stored, by any filter. */
export function useRunList(filter: AgentRunQuery = {}): RunListView {
  const { listAgentRuns } = useRunLedger().api.endpoints
  const query = useSameValue(filter)
  const source = useMemo(
    (): Source<RunPage> => ({
      ask: (dispatch, options) => dispatch(listAgentRuns.initiate(query, options)),
      select: listAgentRuns.select(query),
    }),
    [listAgentRuns, query],
  )
  return useRunPages(source, runLog)
}

/** Workflow runs as they are stored, by any filter. */
export function useWorkflowRunList(filter: WorkflowRunQuery = {}): RunListView {
  const { listWorkflowRuns } = useRunLedger().api.endpoints
  const query = useSameValue(filter)
  const source = useMemo(
    (): Source<RunPage> => ({
      ask: (dispatch, options) => dispatch(listWorkflowRuns.initiate(query, options)),
      select: listWorkflowRuns.select(query),
    }),
    [listWorkflowRuns, query],
  )
  return useRunPages(source, workflowLog)
}

/** The events of a run or workflow run as they are stored, newest first unless told otherwise. */
export function useRunEventPages(filter: RunEventQuery): RunEventPagesView {
  const { listRunEvents } = useRunLedger().api.endpoints
  const query = useSameValue(filter)
  const source = useMemo(
    (): Source<EventPage> => ({
      ask: (dispatch, options) => dispatch(listRunEvents.initiate(query, options)),
      select: listRunEvents.select(query),
    }),
    [listRunEvents, query],
  )
  const { pages, view, load } = usePages(source)
  const events = useMemo(() => pages.flatMap((page) => page.events), [pages])
  const loadPrevious = useCallback(() => load('backward'), [load])
  return { ...view, events, hasPrevious: (pages[0]?.previous ?? null) !== null, loadPrevious }
}

function useRunPages(source: Source<RunPage>, toLog: (id: string) => LogId): RunListView {
  const { pages, view } = usePages(source)
  const logs = useMemo(() => pages.flatMap(({ ids }) => ids.map(toLog)), [pages, toLog])
  const rows = useFollowedSelector((state) => selectListEntries(state, logs), shallowEqual)
  return { ...view, rows, total: pages.at(-1)?.total ?? null }
}

/** One question to one endpoint. */
interface Source<Page> {
  ask(dispatch: ApiDispatch, options: AskOptions): { unsubscribe(): void }
  select(state: FollowedState): Answer<Page>
}

interface AskOptions {
  direction?: 'forward' | 'backward'
  subscribe?: boolean
}

interface Answer<Page> {
  data?: { pages: readonly Page[] } | undefined
  error?: unknown
  isError: boolean
  status: string
  hasNextPage: boolean
}

const NO_PAGES: readonly never[] = []

function usePages<Page>(source: Source<Page>): {
  pages: readonly Page[]
  view: PagedView
  load: (direction: 'forward' | 'backward') => void
} {
  const dispatch = useApiDispatch()
  useEffect(() => {
    const asked = source.ask(dispatch, {})
    return () => asked.unsubscribe()
  }, [dispatch, source])
  const { data, error, status, isError, hasNextPage } = useFollowedSelector(source.select)
  const load = useCallback(
    (direction: 'forward' | 'backward') => void source.ask(dispatch, { direction, subscribe: false }),
    [dispatch, source],
  )
  const loadMore = useCallback(() => load('forward'), [load])
  const view: PagedView = {
    state: data !== undefined ? 'ready' : isError ? 'failed' : 'loading',
    // The endpoints fail with nothing else.
    error: isError ? (error as QueryFailure) : null,
    hasMore: hasNextPage,
    isLoadingMore: status === 'pending' && data !== undefined,
    loadMore,
  }
  return { pages: data?.pages ?? NO_PAGES, view, load }
}

/** The same object for as long as it says the same: filters are usually written where they are used. */
function useSameValue<Value>(value: Value): Value {
  const text = JSON.stringify(value)
  return useMemo(() => JSON.parse(text) as Value, [text])
}

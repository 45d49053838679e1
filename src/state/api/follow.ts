/**
 * Owns how open lists and event pages follow the ledger without being fetched again: what an event, a decision or
 * another tab changed is moved, added or taken out in the cached pages, and totals are kept. Only changes of what
 * lists are served from cost anything. A page that was being read while something changed is settled when it is there.
 */
import { isAnyOf } from '@reduxjs/toolkit'
import type { ListenerMiddlewareInstance } from '@reduxjs/toolkit'
import { lifecycleOf } from '../../core/entities.ts'
import type { LogId } from '../../core/ids.ts'
import type { Ledger } from '../../ledger/port.ts'
import type { Listing } from '../../ledger/rows.ts'
import { toListing } from '../../ledger/rows.ts'
import {
  committed,
  decided,
  eventsReceived,
  followed,
  hydrated,
  logsDeleted,
  rebased,
  recordsLoaded,
  scopeClosed,
} from '../actions.ts'
import type { LedgerApi } from '../api.ts'
import { LEDGER_API } from '../api.ts'
import { at } from '../table.ts'
import { growEvents } from './followEvents.ts'
import { holdRows } from './holdRows.ts'
import type { Relisted } from './listPages.ts'
import { concerns, follow, retotal } from './listPages.ts'
import type { ApiDispatch, FollowedState, OpenList } from './openQueries.ts'
import { openList, openLists } from './openQueries.ts'

export interface Followed {
  listener: ListenerMiddlewareInstance<FollowedState>
  api: LedgerApi
  ledger: Pick<Ledger, 'countRecords' | 'readRecords'>
}

const isAccepted = isAnyOf(eventsReceived, decided, followed)
const isRead = isAnyOf(recordsLoaded, hydrated, rebased)

export function followLedger({ listener, api, ledger }: Followed): void {
  /** Listed anew and not durable yet: a page or a count read now may have it or not. */
  const undecided = new Map<LogId, number>()
  /** What was listed anew while a page or a count was being read. */
  const reading = new Map<string, Set<LogId>>()
  /** Lists whose total has to be counted again. */
  const uncounted = new Set<string>()
  const { listAgentRuns, listWorkflowRuns, listRunEvents } = api.endpoints

  function note(changes: readonly Relisted[]): void {
    for (const logs of reading.values()) for (const { log } of changes) logs.add(log)
  }

  function apply(changes: readonly Relisted[], lists: readonly OpenList[], dispatch: ApiDispatch): void {
    for (const list of lists) {
      const concerned = changes.filter((change) => concerns(list.filter, list.pages, change))
      if (concerned.length === 0) continue
      list.update(api, dispatch, ({ pages }) => {
        // `every` would stop at the first of which the total is not known.
        const known = concerned.filter((change) => follow(list.filter, pages, change))
        if (known.length === concerned.length) return
        uncounted.add(list.cacheKey)
        const total = pages.at(-1)?.total
        if (total !== undefined) retotal(pages, { ...total, exact: false })
      })
    }
  }

  listener.startListening({
    matcher: isAccepted,
    effect: ({ type, payload }, { getOriginalState, getState, dispatch }) => {
      const before = getOriginalState().runs.records
      const changes = payload.changes.flatMap(({ log, record, relisted }): Relisted[] => {
        if (!relisted) return []
        const was = at(before, log)
        return [{ log, before: was === undefined ? null : toListing(was), after: toListing(record) }]
      })
      if (changes.length === 0) return
      if (type === eventsReceived.type) {
        for (const { log, record, relisted } of payload.changes) {
          if (relisted) undecided.set(log, lifecycleOf(record).lastSequence)
        }
      }
      note(changes)
      apply(changes, openLists(getState()), dispatch)
      // What another page committed is on the disk already.
      if (type === followed.type) recount(getState, dispatch)
    },
  })

  listener.startListening({
    actionCreator: followed,
    effect: ({ payload }, { getState, dispatch }) =>
      growEvents(api, getState(), dispatch, new Set(payload.changes.map(({ log }) => log))),
  })

  listener.startListening({
    matcher: isRead,
    effect: ({ payload }, { getOriginalState, getState, dispatch }) => {
      const lists = openLists(getState())
      const records = 'record' in payload ? [payload.record] : payload.records
      growEvents(api, getState(), dispatch, new Set(records.map(({ log }) => log)))
      if (lists.length === 0 && reading.size === 0) return
      const before = getOriginalState().runs.records
      const changes = records.map(({ log }): Relisted => {
        const was = at(before, log)
        return { log, before: was && toListing(was), after: listingOf(getState(), log) }
      })
      // Pages being read bring records of their own: those are no news to them.
      note(
        changes.filter(({ before: was, after }) => was !== undefined && was !== null && isMoved(was, after)),
      )
      apply(changes, lists, dispatch)
      recount(getState, dispatch)
    },
  })

  listener.startListening({
    actionCreator: logsDeleted,
    effect: ({ payload }, { getOriginalState, getState, dispatch }) => {
      const before = getOriginalState().runs.records
      const changes = payload.logs.map((log): Relisted => {
        const was = at(before, log)
        return { log, before: was && toListing(was), after: null }
      })
      for (const { log } of changes) undecided.delete(log)
      note(changes)
      apply(changes, openLists(getState()), dispatch)
      for (const list of openLists(getState())) uncounted.add(list.cacheKey)
      recount(getState, dispatch)
    },
  })

  listener.startListening({
    actionCreator: committed,
    effect: ({ payload }, { getState, dispatch }) => {
      for (const { log, sequence } of payload.persisted) {
        if ((undecided.get(log) ?? Infinity) <= sequence) undecided.delete(log)
      }
      growEvents(api, getState(), dispatch, new Set(payload.persisted.map(({ log }) => log)))
      recount(getState, dispatch)
      // Something is here after all, if only in memory.
      if (hasUnavailable(getState())) dispatch(api.util.invalidateTags(['unavailable']))
    },
  })

  const isPending = isAnyOf(listAgentRuns.matchPending, listWorkflowRuns.matchPending)
  const isRejected = isAnyOf(listAgentRuns.matchRejected, listWorkflowRuns.matchRejected)
  const isFulfilled = isAnyOf(listAgentRuns.matchFulfilled, listWorkflowRuns.matchFulfilled)
  listener.startListening({
    matcher: isPending,
    effect: ({ meta }) => void reading.set(meta.requestId, new Set(undecided.keys())),
  })
  listener.startListening({
    matcher: isRejected,
    effect: ({ meta }) => void reading.delete(meta.requestId),
  })
  listener.startListening({
    matcher: isFulfilled,
    effect: ({ meta }, { getState, dispatch }) => {
      const changed = reading.get(meta.requestId) ?? new Set()
      reading.delete(meta.requestId)
      const list = openList(getState(), meta.arg.queryCacheKey)
      if (changed.size === 0 || list === null) return
      const changes = [...changed].map((log): Relisted => ({
        log,
        before: undefined,
        after: listingOf(getState(), log),
      }))
      uncounted.add(list.cacheKey)
      apply(changes, [list], dispatch)
      recount(getState, dispatch)
    },
  })
  listener.startListening({
    matcher: listRunEvents.matchFulfilled,
    effect: (_action, { getState, dispatch }) => growEvents(api, getState(), dispatch),
  })
  listener.startListening({
    predicate: (_action, now, before) => now[LEDGER_API].queries !== before[LEDGER_API].queries,
    effect: (_action, { getState, dispatch }) => holdRows(ledger, getState(), dispatch),
  })
  listener.startListening({
    actionCreator: scopeClosed,
    effect: (_action, { dispatch }) => {
      undecided.clear()
      uncounted.clear()
      dispatch(api.util.resetApiState())
    },
  })

  /** Counts anew once nothing is on its way to the disk. */
  function recount(getState: () => FollowedState, dispatch: ApiDispatch): void {
    if (undecided.size > 0) return
    for (const cacheKey of uncounted) {
      const list = openList(getState(), cacheKey)
      uncounted.delete(cacheKey)
      if (list !== null) void count(list, getState, dispatch)
    }
  }

  async function count(list: OpenList, getState: () => FollowedState, dispatch: ApiDispatch): Promise<void> {
    const key = `count:${list.cacheKey}`
    const changed = new Set<LogId>()
    reading.set(key, changed)
    const total = await ledger.countRecords(list.filter).catch(() => null)
    reading.delete(key)
    const now = openList(getState(), list.cacheKey)
    if (total === null || now === null) return
    if (changed.size > 0) {
      uncounted.add(list.cacheKey)
      recount(getState, dispatch)
      return
    }
    now.update(api, dispatch, ({ pages }) => retotal(pages, total))
  }
}

function listingOf(state: FollowedState, log: LogId): Listing | null {
  const record = at(state.runs.records, log)
  return record === undefined ? null : toListing(record)
}

const isMoved = (before: Listing, after: Listing | null): boolean =>
  after === null || before.order !== after.order || before.status !== after.status

function hasUnavailable(state: FollowedState): boolean {
  return Object.values(state[LEDGER_API].queries).some(
    (query) => (query?.error as { kind?: string } | undefined)?.kind === 'unavailable',
  )
}

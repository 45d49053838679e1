/**
 * Owns our side of the points: the real source over a bare emitter and a core's RPCs, in a real store over a real ledger.
 * What it shows is read from the state alone.
 */
import { expect } from 'vitest'
import { configureStore } from '@reduxjs/toolkit'
import type { RunRecord, Text, ToolCallStatus, ToolTimelineRow } from '../../../../src/index.ts'
import {
  CommandRefusedError,
  createRunLedger,
  isSettled,
  runLog,
  selectChatRuntime,
  selectRunEvents,
  selectThreadRows,
} from '../../../../src/index.ts'
import type { RunLedgerState } from '../../../../src/index.ts'
import type { ToolRow } from '../../../../src/core/timeline.ts'
import { toRowStatus } from '../../../../src/core/timeline.ts'
import { createLockRegistry, memoryLocks } from '../../../../src/platform/memoryLocks.ts'
import { openHumanSource } from '../../../../src/sources/openHuman/index.ts'
import { valuesOf } from '../../../../src/state/table.ts'
import { manualClock } from '../../../../src/testing/manualClock.ts'
import { THREAD } from './turns.ts'
import type { App, ChildView, ToolView, View } from './turnsApp.ts'
import type { Core } from './turnsCore.ts'

type Listener = (...args: never[]) => void

/** As much of a Socket.IO client as a source needs. */
function emitter() {
  const listeners = new Map<string, Set<Listener>>()
  return {
    connected: true,
    on(event: string, listener: Listener) {
      listeners.set(event, (listeners.get(event) ?? new Set()).add(listener))
    },
    off(event: string, listener: Listener) {
      listeners.get(event)?.delete(listener)
    },
    emit(event: string, ...args: unknown[]) {
      for (const listener of listeners.get(event) ?? []) listener(...(args as never[]))
    },
  }
}

/** Long enough for lists that are read seldom. */
const LOOK_MS = 11_000

let scopes = 0

/** With what a host's components select from. */
export interface OurApp extends App {
  state(): RunLedgerState
}

export async function ourApp(core: Core): Promise<OurApp> {
  scopes += 1
  const scope = `points ${scopes}`
  const clock = manualClock(Date.UTC(2026, 5, 10, 9))
  let asking = 0
  const rpc = async (method: string, params: Readonly<Record<string, unknown>> = {}): Promise<unknown> => {
    asking += 1
    try {
      return await core.rpc(method, params)
    } finally {
      asking -= 1
    }
  }
  let page = await open()

  async function open() {
    const socket = emitter()
    const source = openHumanSource({ socket, rpc, clock, send: async () => {} })
    const locks = memoryLocks(createLockRegistry())
    const ledger = createRunLedger({ scope, source, clock, locks, frames: soon, idle: async () => {} })
    const store = configureStore({
      reducer: ledger.reducers,
      middleware: (getDefault) =>
        getDefault({ immutableCheck: false, serializableCheck: false })
          .prepend(ledger.middleware)
          .concat(ledger.api.middleware),
    })
    await ledger.boot(store, { thread: THREAD })
    return { socket, ledger, store }
  }

  /** Until nothing is asked, folded or written any more. Time stands still meanwhile. */
  async function settle(): Promise<void> {
    for (let quiet = 0; quiet < 10; quiet += 1) {
      await new Promise<void>((resolve) => void setImmediate(resolve))
      await page.ledger.whenIdle()
      if (asking > 0) quiet = 0
    }
  }

  /** Steps short enough that no deadline of a database passes while it works. */
  async function wait(ms: number): Promise<void> {
    await settle()
    for (let passed = 0; passed < ms; passed += 500) {
      await clock.advance(500)
      await settle()
    }
  }

  async function view(): Promise<View> {
    await wait(1_500)
    // As a page does that shows the thread: what was let go of meanwhile is read again.
    await page.ledger.openThread(THREAD)
    const runs = runsOf(page.store.getState())
    for (const { log } of runs) await page.ledger.openRun(log)
    const shown = viewOf(page.store.getState())
    expect(toldByRuntime(page.store.getState(), shown.children), 'rows by OpenHuman’s own names').toEqual(
      shown.children.map(({ id, status, questions, toolCalls }) =>
        toldOf(id, status, questions[0], toolCalls),
      ),
    )
    return shown
  }

  return {
    async hear(...messages) {
      for (const message of messages) page.socket.emit(message.event, message)
      await settle()
    },
    async send() {},
    look: () => wait(LOOK_MS),
    async reconnect() {
      page.socket.emit('disconnect', 'transport close')
      page.socket.emit('connect')
      await wait(1_000)
    },
    async reload() {
      await settle()
      await page.ledger.dispose()
      page = await open()
      await wait(1_000)
    },
    async press(verb, runId) {
      try {
        await page.ledger.send({ log: runLog(runId), verb, payload: {} })
        await settle()
        return true
      } catch (error) {
        if (error instanceof CommandRefusedError) return false
        throw error
      }
    },
    async latestTool(runId) {
      await settle()
      await page.ledger.openRun(runLog(runId))
      const events = selectRunEvents(page.store.getState(), runLog(runId))
      const name = events.findLast(({ type }) => type.startsWith('tool.'))?.payload['name']
      return typeof name === 'string' ? name : null
    },
    async keep(maxRuns) {
      await settle()
      await page.ledger.retention.prune(await page.ledger.retention.preview({ maxRuns }))
    },
    view,
    state: () => page.store.getState(),
    close: () => page.ledger.dispose(),
  }
}

/** Frames at once. */
function soon(work: () => void): () => void {
  let cancelled = false
  queueMicrotask(() => {
    if (!cancelled) work()
  })
  return () => {
    cancelled = true
  }
}

const runsOf = (state: RunLedgerState): readonly RunRecord[] =>
  valuesOf(state.runs.records)
    .filter((record) => record.entity === 'run')
    .filter(({ run }) => run.parentThreadId === THREAD)
    .toSorted((a, b) => a.run.createdAt - b.run.createdAt || (a.log < b.log ? -1 : 1))

function viewOf(state: RunLedgerState): View {
  const runs = runsOf(state)
  const children = selectThreadRows(state, THREAD).flatMap((row) => {
    const record = runs.find(({ run }) => run.id === row.runId)
    return record === undefined ? [] : [toChild(record, row)]
  })
  return {
    working: selectChatRuntime(state, THREAD).inferenceStatus !== null,
    children,
    openable: children.map(({ taskId }) => taskId),
    turns: timelinesOf(state).map(([requestId, rows]) => ({
      requestId,
      status: toRowStatus(runs.find(({ run }) => run.id === requestId)?.run.status ?? 'pending'),
      tools: rows
        .filter(({ subagent }) => subagent === undefined)
        .map(({ id, name, status, result }) => ({ key: id, name, status, result: result ?? null })),
    })),
    totals: {
      inputTokens: sum(runs.map(({ telemetry }) => telemetry.inputTokens)),
      outputTokens: sum(runs.map(({ telemetry }) => telemetry.outputTokens)),
      costUsd: sum(runs.map(({ telemetry }) => telemetry.costUsd)),
    },
    workflows: valuesOf(state.runs.records)
      .filter((record) => record.entity === 'workflow')
      .map(({ workflow: { id, status, summary, completedAt, phases } }) => ({
        id,
        status,
        summary,
        completedAt,
        phases: Object.fromEntries(phases.map((phase) => [phase.name, phase.status])),
      })),
  }
}

const toldOf = (
  id: string,
  status: ChildView['status'],
  question: string | undefined,
  calls: readonly Pick<ToolView, 'name'>[],
): unknown => [id, status, question, ...calls.map(({ name }) => name)]

/** Rows of the thread as OpenHuman's frontend reads them, turn by turn. */
function timelinesOf(state: RunLedgerState): readonly (readonly [string, readonly ToolTimelineRow[]])[] {
  const { turnTimelines, toolTimeline, requestId } = selectChatRuntime(state, THREAD)
  return [
    ...Object.entries(turnTimelines),
    ...(requestId === null ? [] : [[requestId, toolTimeline] as const]),
  ]
}

/** The same children by OpenHuman's names; one that two turns worked with is in the rows of both. */
function toldByRuntime(state: RunLedgerState, children: readonly ChildView[]): readonly unknown[] {
  const { turnTimelines, toolTimeline } = selectChatRuntime(state, THREAD)
  const rows = new Map([...Object.values(turnTimelines).flat(), ...toolTimeline].map((row) => [row.id, row]))
  return children.map(({ id }) => {
    const row = rows.get(id)
    const calls = row?.subagent?.toolCalls.map(({ toolName }) => ({ name: toolName }))
    return row && calls && toldOf(id, row.status, row.subagent?.awaitingQuestion, calls)
  })
}

function toChild({ run, telemetry, questions }: RunRecord, row: Row): ChildView {
  return {
    id: row.id,
    taskId: run.id,
    status: row.status,
    questions: isSettled(run.status)
      ? []
      : questions.filter(({ state }) => state === 'open').map(({ prompt }) => prompt),
    resumable: run.checkpoint !== null,
    result: textOf(run.output),
    error: run.error,
    completedAt: run.completedAt,
    elapsedMs: telemetry.elapsedMs,
    costUsd: telemetry.costUsd,
    parents: [run.parentRunId, ...run.formerParentRunIds.toReversed()].filter((id) => id !== null),
    toolCalls: row.toolCalls.map(toTool),
  }
}

type Row = ReturnType<typeof selectThreadRows>[number]

const TOOL_STATUS: Readonly<Record<ToolCallStatus, ToolView['status']>> = {
  running: 'running',
  completed: 'success',
  failed: 'error',
  cancelled: 'cancelled',
  interrupted: 'cancelled',
  unknown: 'unknown',
}

const toTool = ({
  id,
  name,
  status,
  output,
}: Pick<ToolRow, 'id' | 'name' | 'status' | 'output'>): ToolView => ({
  key: id,
  name,
  status: TOOL_STATUS[status],
  result: textOf(output),
})

const textOf = (text: Text | null): string | null => text?.preview ?? null

/** Null when nobody knows any of it. */
const sum = (figures: readonly (number | null)[]): number | null =>
  figures.reduce((total, figure) => (figure === null ? total : (total ?? 0) + figure), null)

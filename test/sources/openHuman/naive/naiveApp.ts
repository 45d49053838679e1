/**
 * Owns the naive converter as an app: an honest small imitation of what openhuman.md 2, 4, 5 and 8 tell of OpenHuman's
 * frontend. It is what our points are first seen failing against, and is never shipped.
 */
import type { App, ChildView, View, WorkflowView } from '../support/turnsApp.ts'
import { THREAD } from '../support/turns.ts'
import type { Core, Row } from '../support/turnsCore.ts'
import { hearChildEvent } from './childEvents.ts'
import { addLedgerRows, fromSnapshot } from './hydrate.ts'
import type { NaiveCall, NaiveRow, NaiveThread } from './state.ts'
import { newThread, numberOf, objectOf, textOf } from './state.ts'
import { hearTurnEvent } from './turnEvents.ts'

export async function naiveApp(core: Core): Promise<App> {
  let thread = newThread()
  let restarts = 0
  /** The rows of the Agent work tab, as they were last fetched. */
  let work = new Map<string, Row>()
  let workflows: readonly Row[] = []

  async function look(): Promise<void> {
    const list = await core.rpc('openhuman.run_ledger_list', { parentThreadId: THREAD, limit: 50 })
    const runs = objectOf(list)['runs'] as readonly Row[]
    work = new Map(runs.map((run) => [run.id, run]))
    addLedgerRows(thread, runs)
    const { runs: found } = objectOf(
      await core.rpc('openhuman.workflow_run_list', { parentThreadId: THREAD }),
    )
    workflows = found as readonly Row[]
  }

  return {
    async hear(...messages) {
      for (const message of messages) {
        if (message.event.startsWith('subagent_')) hearChildEvent(thread, message)
        else hearTurnEvent(thread, message)
      }
    },
    // One timeline a thread: the next message wipes it.
    async send() {
      thread.rows = []
      thread.lifecycle = { requestId: null, phase: 'started' }
    },
    look,
    // What runs is forgotten, rows stay as they are, and the ledger is not asked.
    async reconnect() {
      thread.lifecycle = null
    },
    async reload() {
      thread = fromSnapshot(thread, core.restarts > restarts)
      restarts = core.restarts
      await look()
    },
    // Both buttons flip the row, and that is all they do.
    async press(action, runId) {
      await core.rpc('openhuman.agent_work_control', { runId, action })
      await look()
      return true
    },
    // "Recent" events are one page as it comes, which is the oldest.
    async latestTool(runId) {
      const { events } = objectOf(await core.rpc('openhuman.run_ledger_events', { runId }))
      const newest = (events as readonly unknown[]).at(-1)
      return textOf(objectOf(objectOf(newest)['payload'])['toolName'])
    },
    async keep() {},
    view: async () => viewOf(thread, work, workflows),
    async close() {},
  }
}

function viewOf(thread: NaiveThread, work: ReadonlyMap<string, Row>, workflows: readonly Row[]): View {
  const children = thread.rows.flatMap((row) => toChild(row, work.get(row.subagent?.taskId ?? '')))
  const isAsync = ({ subagent }: NaiveRow): boolean => subagent?.mode === 'async'
  return {
    working: thread.rows.some(({ status }) => status === 'running'),
    children,
    // The background panel lists detached children, and only its rows open a drawer.
    openable: thread.rows.filter(isAsync).flatMap(({ subagent }) => subagent?.taskId ?? []),
    turns: [toTurn(thread)],
    totals: thread.totals,
    workflows: workflows.map(toWorkflow),
  }
}

function toTurn({ rows, lifecycle }: NaiveThread): View['turns'][number] {
  const status = lifecycle === null ? null : lifecycle.phase === 'interrupted' ? 'cancelled' : 'running'
  return {
    requestId: lifecycle?.requestId ?? '',
    status,
    tools: rows
      .filter(({ subagent }) => subagent === null)
      .map(({ callId, name, status: each, result }) =>
        toTool({ callId: callId ?? '', name, status: each, result }),
      ),
  }
}

/** The transcript's pointers are rendered under the call's id, empty or not. */
const toTool = ({ callId, name, status, result }: NaiveCall): View['turns'][number]['tools'][number] => ({
  key: `toolCallId-${callId}`,
  name,
  status,
  result,
})

function toChild({ id, status, detail, subagent }: NaiveRow, row: Row | undefined): readonly ChildView[] {
  if (subagent === null) return []
  const { taskId, awaitingQuestion, elapsedMs, toolCalls } = subagent
  const telemetry = objectOf(row?.['telemetry'])
  return [
    {
      id,
      taskId,
      status,
      questions: awaitingQuestion === null ? [] : [awaitingQuestion],
      // The path is there whether or not anything was written to it.
      resumable: row?.['checkpointPath'] != null,
      result: detail,
      error: textOf(row?.['error']),
      completedAt: row?.['completedAt'] == null ? null : Date.parse(String(row['completedAt'])),
      elapsedMs: numberOf(telemetry['elapsedMs']) ?? elapsedMs,
      costUsd: numberOf(telemetry['costUsd']) ?? 0,
      parents: [textOf(row?.['parentRunId'])].filter((each) => each !== null),
      toolCalls: toolCalls.map(toTool),
    },
  ]
}

function toWorkflow(run: Row): WorkflowView {
  return {
    id: run.id,
    status: String(run['status']),
    summary: textOf(run['summary']),
    completedAt: run['completedAt'] == null ? null : Date.parse(String(run['completedAt'])),
    phases: Object.fromEntries(
      Object.entries(objectOf(run['phaseStates'])).map(([name, state]) => [
        name,
        String(objectOf(state)['status']),
      ]),
    ),
  }
}

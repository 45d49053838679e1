/**
 * Owns what tests of the live half need: a socket that says what it is told to, a page over a real store that listens
 * to it, and turns as a core tells them.
 */
import { EventEmitter } from 'node:events'
import type { RunRecord } from '../../../src/index.ts'
import { memoryStorage, selectLedgerStatus, selectRunTotals } from '../../../src/index.ts'
import type { Clock, SourceSink, SourceStatus } from '../../../src/core/ports.ts'
import { connectLive } from '../../../src/sources/openHuman/live.ts'
import type { LiveOptions } from '../../../src/sources/openHuman/live.ts'
import { at } from '../../../src/state/table.ts'
import { manualClock } from '../../../src/testing/manualClock.ts'
import { scriptedSource } from '../../../src/testing/scriptedSource.ts'
import { newScope, openPage } from '../../state/support/page.ts'

export type Wire = { event: string; [key: string]: unknown }

export const NOW = Date.UTC(2026, 8, 1, 10)
export const THREAD = 'thread-4'
export const TURN = 'req-9f2'

/** One message of a turn; `seq` null is a message the core does not number. */
export const say = (event: string, seq: number | null, fields: object = {}, request = TURN): Wire => ({
  event,
  client_id: 's-1',
  thread_id: THREAD,
  request_id: request,
  ...(seq !== null && { seq }),
  ...fields,
})

export const child = (
  what: string,
  seq: number | null,
  task: string,
  { subagent = {}, ...fields }: { subagent?: object; [key: string]: unknown } = {},
  request = TURN,
): Wire =>
  say(
    `subagent_${what}`,
    seq,
    { tool_name: 'researcher', skill_id: task, round: 1, ...fields, subagent },
    request,
  )

/** A Socket.IO client as far as a source sees it. */
export class FakeSocket extends EventEmitter {
  connected = true
  readonly #any = new Set<(name: string, message: unknown) => void>()

  onAny(handler: (name: string, message: unknown) => void): void {
    this.#any.add(handler)
  }

  offAny(handler: (name: string, message: unknown) => void): void {
    this.#any.delete(handler)
  }

  listening(): number {
    return this.#any.size + this.eventNames().length
  }

  /** Says it under its name, or under another. */
  say(message: unknown, name: string = (message as Wire).event): void {
    for (const each of this.#any) each(name, message)
    this.emit(name, message)
  }

  alias(message: Wire): void {
    this.say(message, message.event.replace('_', ':'))
  }
}

export interface LivePage {
  socket: FakeSocket
  clock: ReturnType<typeof manualClock>
  heard: [log: string, type: string][]
  ended: string[]
  statuses: SourceStatus[]
  /** Says them, lets what waits for a missing one wait to its end, and writes. */
  hear(messages: readonly unknown[]): Promise<void>
  /** As a tick passes: nothing that waits is given up. */
  tick(): Promise<void>
  settle(): Promise<void>
  run(id: string): RunRecord
  knows(id: string): boolean
  /** Of the run and all below it. */
  totals(id: string): ReturnType<typeof selectRunTotals>
  status(): ReturnType<typeof selectLedgerStatus>
  events(id: string): Promise<readonly { type: string; payload: { readonly [key: string]: unknown } }[]>
  close(): Promise<void>
}

type Home = { scope: string; storage: ReturnType<typeof memoryStorage> }
export const newHome = (): Home => ({ scope: newScope(), storage: memoryStorage() })

export async function openLive(
  home: Home = newHome(),
  socket: FakeSocket = new FakeSocket(),
): Promise<LivePage> {
  const clock = manualClock(NOW)
  const heard: LivePage['heard'] = []
  const ended: LivePage['ended'] = []
  const statuses: SourceStatus[] = []
  const options: LiveOptions = {
    socket,
    clock: clock satisfies Clock,
    onRunHeard: (log, type) => void heard.push([log, type]),
    onTurnEnded: (requestId) => void ended.push(requestId),
  }
  const connect = (sink: SourceSink): (() => void) =>
    connectLive({ ...sink, status: (status) => (statuses.push(status), sink.status(status)) }, options)
  const source = { ...scriptedSource({ id: 'openhuman' }), connect }
  const page = openPage(home.scope, { storage: home.storage, source, clock })
  const booted = page.boot()
  await clock.advance(50)
  await booted

  async function settle(): Promise<void> {
    // Each hole of a turn is waited for by itself.
    await clock.advance(30_000)
    const idle = page.ledger.whenIdle()
    await clock.advance(2_000)
    await idle
  }
  const record = (id: string): RunRecord | null => {
    const found = at(page.state().runs.records, `r:${id}`)
    return found?.entity === 'run' ? found : null
  }
  return {
    socket,
    clock,
    heard,
    ended,
    statuses,
    async hear(messages) {
      for (const message of messages) socket.say(message, (message as Wire | null)?.event ?? 'odd')
      await settle()
    },
    tick: () => clock.advance(20),
    settle,
    run(id) {
      const found = record(id)
      if (found === null) throw new Error(`There is no run ${id}.`)
      return found
    },
    knows: (id) => record(id) !== null,
    totals: (id) => selectRunTotals(page.state(), `r:${id}`),
    status: () => selectLedgerStatus(page.state()),
    events: (id) => home.storage.ledger.readEvents(`r:${id}`, { after: 0, limit: 1_000 }),
    async close() {
      const closed = page.ledger.dispose()
      await clock.advance(10_000)
      await closed
    },
  }
}

/** What must not depend on what was lost, doubled or late on the way: all but times, heads and notes. */
export function lasting({ run, telemetry, questions, toolCalls, registered }: RunRecord): object {
  const { startedAt, updatedAt, sortAt, completedAt, createdAt, lastSequence, ...kept } = run
  const { elapsedMs, updatedAt: _telemetryAt, ...figures } = telemetry
  return {
    run: kept,
    isOver: completedAt !== null,
    figures,
    registered,
    questions: questions.map(({ askedAt: _asked, settledAt: _settled, ...question }) => question),
    calls: toolCalls
      .map(({ startedAt: _started, elapsedMs: _elapsed, ...call }) => call)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  }
}

/** A turn as a core tells it: two agents, tools, prose, a question, figures. The last message is its end. */
export function scriptedTurn(request: string, prefix: string): Wire[] {
  const [typed, detached] = [`${prefix}-typed`, `${prefix}-async`]
  const inTyped = { child_iteration: 1, agent_id: 'researcher', task_id: typed }
  const tool = (event: string, id: string, fields: object = {}): Wire =>
    say(event, null, { tool_name: 'search', round: 1, tool_call_id: id, ...fields })
  const messages: Wire[] = [
    say('inference_start', null),
    say('iteration_start', null, { round: 1, message: 'Iteration 1/12' }),
    say('thinking_delta', null, { round: 1, delta: 'hm', delta_kind: 'thinking' }),
    tool('tool_call', 'a', { args: { q: 1 } }),
    tool('tool_call', 'b', { args: { q: 2 } }),
    tool('tool_result', 'b', { success: true, output: 'two' }),
    tool('tool_result', 'a', { success: false, failure: { class: 'Timeout', cause_plain: 'Too slow' } }),
    child('spawned', null, typed, { subagent: { mode: 'typed', display_name: 'Typed' } }),
    child('spawned', null, detached, { subagent: { mode: 'async', worker_thread_id: `${prefix}-w` } }),
    child('iteration_start', null, typed, { subagent: { child_iteration: 1 } }),
    child('tool_call', null, typed, { tool_name: 'fetch', tool_call_id: 'c', subagent: inTyped }),
    say('inference_heartbeat', null),
    child('tool_result', null, typed, {
      tool_name: 'fetch',
      tool_call_id: 'c',
      success: true,
      subagent: inTyped,
    }),
    child('awaiting_user', null, detached, { message: 'Which?' }),
    child('completed', null, typed, { message: 'Done.', subagent: { output: 'All', iterations: 1 } }),
    say('turn_cost', null, { round: 1, usage: { input_tokens: 50, cost_usd: 0.1 } }),
    say('iteration_start', null, { round: 2, message: 'Iteration 2/12' }),
    say('text_delta', null, { round: 2, delta: 'So', delta_kind: 'text' }),
  ]
  const usage = {
    input_tokens: 100,
    cost_usd: 0.5,
    subagents: [{ task_id: typed, input_tokens: 30, cost_usd: 0.2 }],
  }
  return [
    ...messages.map((message, seq) => ({ ...message, request_id: request, seq })),
    { ...say('chat_done', null, { full_response: 'So.', usage }), request_id: request },
  ]
}

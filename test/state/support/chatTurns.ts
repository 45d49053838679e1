/**
 * Owns telling turns of OpenHuman as its converter does: one contiguous stream a request, positions from 0, a turn
 * that is a run of the orchestrator, subagents that are runs of their own on the same stream.
 */
import type { StreamInfo } from '../../../src/core/events.ts'
import type { ThreadRuntime } from '../../../src/index.ts'
import { selectChatRuntime } from '../../../src/index.ts'
import type { Page } from './page.ts'
import { START } from './page.ts'

/** The clock of all turns of a test. */
export interface TurnClock {
  at: number
}

export const turnClock = (): TurnClock => ({ at: START })

export interface TurnScript {
  stream: StreamInfo
  /** An event of the turn itself; every one a second after the one before. */
  say(type: string, payload?: object, after?: number): object
  /** An event of one of its subagents. */
  child(taskId: string, type: string, payload?: object, after?: number): object
  started(): object
  call(callId: string | null, name: string, more?: object): object
  result(callId: string | null, more?: object): object
  spawned(taskId: string, more?: object): object
  done(): object
}

export function turnScript(clock: TurnClock, request: string, thread = 't1'): TurnScript {
  let position = 0
  const tell = (log: string, type: string, payload: object, after: number): object => {
    clock.at += after
    const at = position
    position += 1
    return { log, type, payload, timestamp: clock.at, position: at }
  }
  const script: TurnScript = {
    stream: { id: `openhuman:${request}`, contiguous: true, first: 0, kind: 'live' },
    say: (type, payload = {}, after = 1_000) => tell(`r:${request}`, type, payload, after),
    child: (taskId, type, payload = {}, after = 1_000) => tell(`r:${taskId}`, type, payload, after),
    started: () =>
      script.say('run.registered', {
        kind: 'background_agent',
        agentId: 'orchestrator',
        parentThreadId: thread,
        status: 'running',
      }),
    call: (callId, name, more = {}) => script.say('tool.started', { callId, name, ...more }),
    result: (callId, more = {}) => script.say('tool.finished', { callId, status: 'completed', ...more }),
    spawned: (taskId, more = {}) =>
      script.child(taskId, 'run.registered', {
        kind: 'subagent',
        agentId: 'researcher',
        parentRunId: request,
        parentThreadId: thread,
        status: 'running',
        ...more,
      }),
    done: () => script.say('run.transitioned', { to: 'completed', trigger: 'result_received' }),
  }
  return script
}

/** Hands events over and waits until they are folded and durable. */
export async function tell(page: Page, { stream }: TurnScript, ...events: object[]): Promise<void> {
  page.source.emit(stream, events)
  await page.ledger.whenIdle()
}

export const runtimeOf = (page: Page, thread = 't1'): ThreadRuntime => selectChatRuntime(page.state(), thread)

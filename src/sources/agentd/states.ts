/**
 * Owns what agentd's execution states mean here: its seven states, its table of 18 moves, its 11 triggers, and the one
 * event each of them becomes. agentd has no word for "settled": a stopped or failed agent that starts again is the next
 * attempt of its run. DESIGN 2.
 */
import type { RunStatusName, Trigger } from '../../core/status.ts'

export const AGENTD_STATES = [
  'pending',
  'starting',
  'idle',
  'busy',
  'suspended',
  'stopped',
  'failed',
] as const
export type AgentdState = (typeof AGENTD_STATES)[number]

export const AGENTD_TRIGGERS = [
  'spawn',
  'connected',
  'disconnected',
  'prompt_received',
  'result_received',
  'context_cleared',
  'user_terminated',
  'process_exited',
  'process_crashed',
  'restart',
  'reconciliation',
] as const satisfies readonly Trigger[]
export type AgentdTrigger = (typeof AGENTD_TRIGGERS)[number]

const MOVES: Record<AgentdState, readonly AgentdState[]> = {
  pending: ['starting', 'failed'],
  starting: ['idle', 'failed'],
  idle: ['busy', 'suspended', 'stopped', 'failed'],
  busy: ['idle', 'suspended', 'stopped', 'failed'],
  suspended: ['idle', 'busy', 'stopped', 'failed'],
  stopped: ['starting'],
  failed: ['starting'],
}

/** What agentd's own table says of a move. To itself is an error there and a repetition here. */
export function judgeMove(from: AgentdState, to: AgentdState): 'legal' | 'same' | 'illegal' {
  if (from === to) return 'same'
  return MOVES[from].includes(to) ? 'legal' : 'illegal'
}

export const isEnded = (state: AgentdState): state is 'stopped' | 'failed' =>
  state === 'stopped' || state === 'failed'

/** A state as it was told; what was not said is null. */
export interface StateFact {
  state: AgentdState
  from: AgentdState | null
  trigger: AgentdTrigger | null
  exitCode: number | null
  error: string | null
}

/** The status a state is here. Stopped is a success only where a process is known to have ended well. */
export function statusOf({ state, trigger, exitCode }: StateFact): RunStatusName {
  switch (state) {
    case 'pending':
    case 'starting':
    case 'idle':
    case 'failed':
      return state
    case 'busy':
      return 'running'
    case 'suspended':
      return 'paused'
    case 'stopped':
      return trigger === 'process_exited' && exitCode === 0 ? 'completed' : 'cancelled'
  }
}

/** What usually leads there, for events that do not say. */
const USUAL: Record<AgentdState, AgentdTrigger> = {
  pending: 'spawn',
  starting: 'spawn',
  idle: 'result_received',
  busy: 'prompt_received',
  suspended: 'context_cleared',
  stopped: 'process_exited',
  failed: 'process_crashed',
}

export const triggerOf = ({ state, from, trigger }: StateFact): AgentdTrigger =>
  trigger ?? (state === 'idle' && from === 'starting' ? 'connected' : USUAL[state])

/** A change of state as an event. Only a new start leaves an end; everything else moves the attempt there is. */
export function toEvent(fact: StateFact): { type: string; payload: { [key: string]: unknown } } {
  const isRestart =
    fact.state === 'starting' && (fact.trigger === 'restart' || (fact.from !== null && isEnded(fact.from)))
  if (isRestart) return { type: 'run.attempt_started', payload: { trigger: 'restart', status: 'starting' } }
  const payload = { to: statusOf(fact), trigger: triggerOf(fact) }
  return {
    type: 'run.transitioned',
    payload: fact.error === null ? payload : { ...payload, error: fact.error },
  }
}

export const isAgentdState = (value: unknown): value is AgentdState =>
  AGENTD_STATES.some((state) => state === value)

/** agentd names triggers as Rust (`ProcessExited`) or as JSON (`process_exited`). */
export function readTrigger(value: unknown): AgentdTrigger | null {
  if (typeof value !== 'string') return null
  const name = value.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase()
  return AGENTD_TRIGGERS.find((trigger) => trigger === name) ?? null
}

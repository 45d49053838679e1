/**
 * Owns what is used of a Socket.IO-like emitter: every message with the name it came under, and whether the line holds.
 */
import type { SourceStatus } from '../../core/ports.ts'

type Handler = (...args: unknown[]) => void

/** What is used of a Socket.IO client, or of anything that speaks like one. */
export interface SocketLike {
  on(event: string, handler: Handler): unknown
  off(event: string, handler: Handler): unknown
  /** Hears messages of any name; without it only the names known here are listened to. */
  onAny?(handler: Handler): unknown
  offAny?(handler: Handler): unknown
  connected?: boolean
}

/** The messages of a core of this time, by the names with underscores. */
const WIRE_NAMES = [
  'inference_start',
  'inference_heartbeat',
  'iteration_start',
  'tool_call',
  'tool_args_delta',
  'tool_result',
  'text_delta',
  'thinking_delta',
  'turn_cost',
  'chat_interim',
  'chat_segment',
  'chat_done',
  'chat_error',
  'chat_cancelled',
  'chat_suggestions',
  'subagent_spawned',
  'subagent_iteration_start',
  'subagent_text_delta',
  'subagent_thinking_delta',
  'subagent_tool_call',
  'subagent_tool_result',
  'subagent_awaiting_user',
  'subagent_completed',
  'subagent_failed',
  'approval_request',
  'approval_decided',
  'plan_review_request',
  'artifact_pending',
  'artifact_ready',
  'artifact_failed',
  'task_board_updated',
  'thread_todos_changed',
  'thread_goal_updated',
  'thread_goal_cleared',
  'run_mode_changed',
  'proactive_message',
  'external_transfer_pending',
  'queue_item_queued',
  'queue_item_delivered',
  'queue_item_removed',
  'memory_activity',
] as const

/** Listens until the returned function is called. */
export function listen(
  socket: SocketLike,
  receive: (wireName: string, message: unknown) => void,
  status: (status: SourceStatus) => void,
): () => void {
  const stops: (() => void)[] = []
  const hear = (name: string, handler: Handler): void => {
    socket.on(name, handler)
    stops.push(() => socket.off(name, handler))
  }

  hear('connect', () => status({ state: 'connected', error: null }))
  hear('disconnect', (reason: unknown) => {
    const why = typeof reason === 'string' ? ` (${reason})` : ''
    status({ state: 'disconnected', error: `The connection to OpenHuman ended${why}.` })
  })
  hear('connect_error', (error: unknown) => {
    const why = error instanceof Error && error.message !== '' ? `: ${error.message}` : ''
    status({ state: 'disconnected', error: `OpenHuman cannot be reached${why}.` })
  })

  if (socket.onAny !== undefined && socket.offAny !== undefined) {
    const any = (name: unknown, message: unknown): void => {
      // Emitters of other makes tell of their own state here, too.
      if (typeof name === 'string' && !LINE_EVENTS.has(name)) receive(name, message)
    }
    socket.onAny(any)
    stops.push(() => socket.offAny?.(any))
  } else {
    for (const name of wireForms()) hear(name, (message: unknown) => receive(name, message))
  }

  status({ state: socket.connected === true ? 'connected' : 'connecting', error: null })
  return () => {
    for (const stop of stops) stop()
  }
}

const LINE_EVENTS = new Set(['connect', 'disconnect', 'connect_error'])

/** Each name in every form it is known to come in. */
const wireForms = (): ReadonlySet<string> =>
  new Set(WIRE_NAMES.flatMap((name) => [name, name.replace('_', ':'), name.replaceAll('_', ':')]))

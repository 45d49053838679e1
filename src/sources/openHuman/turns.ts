/**
 * Owns what is remembered of turns while they are heard: which messages came, who their agents are, what is open. All
 * of it is bounded and may be lost: what is forgotten is asked of the ledger again or left as it is.
 */
import type { LogRecord } from '../../core/entities.ts'
import type { RunLogId } from '../../core/ids.ts'
import { isSettled } from '../../core/status.ts'
import type { Message } from './identity.ts'
import { contentKey, turnStream } from './identity.ts'
import { latest, put } from './latest.ts'
import type { Fields } from './wire.ts'

const TURNS_KEPT = 200
const CHILDREN_KEPT = 2_000
const SEEN_KEPT = 2_000
const OPEN_KEPT = 100
const GATES_KEPT = 200

export interface Turn {
  requestId: string
  threadId: string | null
  /** It was told of as a run, here or before this page opened. */
  isKnown: boolean
  isEnded: boolean
  /** Messages heard, by number or key, each with the form of its name it came in first. */
  seen: Map<number | string, Message['form']>
  /** Numbers below this were heard before this page listened, or so long ago that they are forgotten. */
  heardBelow: number
  children: Set<string>
  /** Approvals and plans a person has not decided, by question, with what they are about. */
  asked: Map<string, Asked>
  /** The figures of its end: a report that comes later is an older one. */
  finalUsage: Fields | null
  /** Pieces of prose that came without a number. */
  pieces: number
}

export interface Asked {
  /** The run it is asked on. */
  log: RunLogId
  question: Fields
  callId: string | null
  toolName: string | null
  isPlan: boolean
  /** It holds up the turn. */
  isBlocking: boolean
}

export interface Child {
  taskId: string
  /** `typed`: its parent waits for it; `async` and `fork`: it goes on by itself. */
  mode: string | null
  state: 'running' | 'awaiting' | 'settled'
  questionId: string | null
  /** Turns that announced it, by their streams: a later one of another turn is a resume. */
  streams: Set<string>
  /** The turn it was last told of in. */
  requestId: string | null
  /** What was last handed over of how it stands: it may be ahead of what was followed up. */
  told: Message | null
}

export interface TurnMemory {
  turn(requestId: string): Turn | null
  /** Begins to listen to a turn, which was heard up to a position before. */
  open(requestId: string, position: number | null): Turn
  /** The turn that an approval or a plan of that id holds up: the one at work in its conversation. */
  heldBy(gate: string, threadId: string | null): Turn | null
  child(taskId: string): Child | null
  /** What the ledger knows of an agent this page has not heard of. */
  learn(taskId: string, record: LogRecord | null): Child
  /** Whose tool call it is. */
  callerOf(callId: string): string | null
  heardCall(callId: string, taskId: string): void
}

export function createTurnMemory(): TurnMemory {
  const turns = new Map<string, Turn>()
  const children = new Map<string, Child>()
  const callers = new Map<string, string>()
  const gates = new Map<string, string>()

  /** The latest one, if several are. */
  function workingIn(threadId: string): Turn | null {
    const all = [...turns.values()].filter((turn) => turn.isKnown && turn.threadId === threadId)
    return all.findLast((turn) => !turn.isEnded) ?? all.at(-1) ?? null
  }

  return {
    turn: (requestId) => latest(turns, requestId),
    open(requestId, position) {
      const turn: Turn = {
        requestId,
        threadId: null,
        isKnown: position !== null,
        isEnded: false,
        seen: new Map(),
        heardBelow: position === null ? 0 : position + 1,
        children: new Set(),
        asked: new Map(),
        finalUsage: null,
        pieces: 0,
      }
      put(turns, requestId, turn, TURNS_KEPT)
      return turn
    },
    heldBy(gate, threadId) {
      const known = turns.get(gates.get(gate) ?? gate)
      if (known?.isKnown === true) return known
      const turn = threadId === null ? null : workingIn(threadId)
      if (turn !== null) put(gates, gate, turn.requestId, GATES_KEPT)
      return turn
    },
    child: (taskId) => latest(children, taskId),
    learn(taskId, record) {
      const child = childFrom(taskId, record)
      put(children, taskId, child, CHILDREN_KEPT)
      return child
    },
    callerOf: (callId) => callers.get(callId) ?? null,
    heardCall: (callId, taskId) => put(callers, callId, taskId, CHILDREN_KEPT),
  }
}

/** `again`: the same message once more; `alias`: the same one under the other form of its name. */
export type Heard = 'new' | 'again' | 'alias'

export function hear(turn: Turn, message: Message): Heard {
  const [oldest] = turn.seen.size >= SEEN_KEPT ? turn.seen.keys() : []
  const heard = hearKey(turn.seen, message.seq ?? contentKey(message), message.form)
  // What is forgotten was heard: said again it is not new.
  if (typeof oldest === 'number' && !turn.seen.has(oldest))
    turn.heardBelow = Math.max(turn.heardBelow, oldest + 1)
  turn.threadId ??= message.threadId
  return heard === 'new' && message.seq !== null && message.seq < turn.heardBelow ? 'again' : heard
}

/** The same for anything that came in one of the forms of its name. */
export function hearKey<Key>(seen: Map<Key, Message['form']>, key: Key, form: Message['form']): Heard {
  const first = seen.get(key)
  if (first !== undefined) return first === form ? 'again' : 'alias'
  put(seen, key, form, SEEN_KEPT)
  return 'new'
}

export const openQuestion = (turn: Turn, questionId: string, asked: Asked): void =>
  put(turn.asked, questionId, asked, OPEN_KEPT)

function childFrom(taskId: string, record: LogRecord | null): Child {
  const known = record?.entity === 'run' ? record : null
  const { mode } = known?.run.metadata ?? {}
  const status = known?.run.status ?? 'running'
  const parent = known?.run.parentRunId ?? null
  return {
    taskId,
    mode: typeof mode === 'string' ? mode : null,
    state: isSettled(status) ? 'settled' : status === 'awaiting_user' ? 'awaiting' : 'running',
    questionId: known?.questions.find(({ state }) => state === 'open')?.questionId ?? null,
    streams: new Set([
      ...(known?.bindings ?? []).map(({ stream }) => stream),
      // A list told of it before its own turn did.
      ...(parent === null ? [] : [turnStream(parent).id]),
    ]),
    requestId: parent,
    told: null,
  }
}

/**
 * Owns the connection to the core's socket: what it says reaches the ledger once, under whichever of its two names it
 * came, in streams by turn. What is not remembered of a turn or an agent is asked of the ledger first.
 */
import { runLog } from '../../core/ids.ts'
import type { LogId } from '../../core/ids.ts'
import type { Clock, SourceSink } from '../../core/ports.ts'
import { systemClock } from '../../platform/browser.ts'
import { tellMessage, unplaced } from './convert.ts'
import type { Converted, Told } from './convert.ts'
import { followUps, isTurnEnd } from './convertFollow.ts'
import { addressedTo, isGate, isPlaced, readMessage, taskOf, turnStream } from './identity.ts'
import type { Message } from './identity.ts'
import { createOrder } from './liveOrder.ts'
import type { Order } from './liveOrder.ts'
import { listen } from './liveSocket.ts'
import type { SocketLike } from './liveSocket.ts'
import { createTurnMemory, hearKey } from './turns.ts'
import type { Turn } from './turns.ts'

export interface LiveOptions {
  socket: SocketLike
  clock?: Clock
  /** An event of a run was handed over: what a list said of it before is old. */
  onRunHeard?(log: LogId, type: string): void
  /** A turn ended, by its own word. */
  onTurnEnded?(requestId: string): void
}

/** Turns whose order is remembered; those heard last. */
const TURNS_KEPT = 200
/** Approvals and plans of turns nothing was heard of yet. */
const HELD_KEPT = 100

interface Heard {
  raw: unknown
  message: Message
}

interface Ordered {
  message: Message
  told: Told
}

/** One turn on its way in: what was asked about it of the ledger, and what waits for the answer. */
interface Lane {
  inbox: Heard[]
  isAsking: boolean
  turn: Turn | null
  order: Order<Ordered> | null
}

/** Listens until the returned function is called. */
export function connectLive(sink: SourceSink, options: LiveOptions): () => void {
  const { socket, clock = systemClock, onRunHeard, onTurnEnded } = options
  const memory = createTurnMemory()
  const lanes = new Map<string, Lane>()
  /** What was handed over to be refused, and the form of its name. */
  const refused = new Map<string, Message['form']>()

  /** Approvals and plans that wait for a word of the turn they hold up. */
  let held: Heard[] = []

  /** An answer of the ledger may come when nobody listens any more. */
  let isClosed = false

  /** What is said again says nothing of now. */
  function hand({ stream, events }: Converted, isNew = true): void {
    if (isClosed || events.length === 0) return
    sink.receive(stream, events)
    if (!isNew) return
    for (const { log, type } of events) if (isRunEvent(log)) onRunHeard?.(log, type)
  }

  function receive(wireName: string | null, raw: unknown): void {
    const message = readMessage(raw, wireName, clock.now())
    if (!isPlaced(message)) {
      for (const each of unplaced(raw, message, clock.now())) {
        const key = each.events.map(({ position }) => position).join()
        if (hearKey(refused, key, message.form) !== 'alias') hand(each)
      }
      return
    }
    const lane = laneOf(message.requestId)
    lane.inbox.push({ raw, message })
    pump(message.requestId, lane)
  }

  function laneOf(requestId: string): Lane {
    const lane: Lane = lanes.get(requestId) ?? { inbox: [], isAsking: false, turn: null, order: null }
    lanes.delete(requestId)
    lanes.set(requestId, lane)
    const [oldest] = lanes
    if (lanes.size > TURNS_KEPT && oldest !== undefined) {
      oldest[1].order?.flush()
      lanes.delete(oldest[0])
    }
    return lane
  }

  function pump(requestId: string, lane: Lane): void {
    for (let heard = lane.inbox[0]; heard !== undefined && !lane.isAsking; heard = lane.inbox[0]) {
      const { turn, order } = lane
      if (turn === null || order === null) {
        void ask(requestId, lane, () => openTurn(requestId, lane))
        return
      }
      const taskId = taskOf(heard.message)
      if (taskId !== null && memory.child(taskId) === null) {
        void ask(requestId, lane, async () => {
          memory.learn(taskId, await sink.record(runLog(taskId)).catch(() => null))
        })
        return
      }
      lane.inbox.shift()
      if (isGate(heard.message) && !turn.isKnown) holdUp(heard)
      else take(heard, turn, order)
      if (held.length > 0 && turn.isKnown) release(turn)
    }
  }

  function holdUp({ raw, message }: Heard): void {
    const turn = memory.heldBy(message.requestId, message.threadId)
    if (turn === null) {
      held = [...held, { raw, message }].slice(-HELD_KEPT)
      return
    }
    const lane = laneOf(turn.requestId)
    lane.inbox.push({ raw, message: addressedTo(message, turn.requestId) })
    pump(turn.requestId, lane)
  }

  function release(turn: Turn): void {
    const isFor = ({ message }: Heard): boolean => message.threadId === turn.threadId
    const due = held.filter(isFor)
    held = held.filter((each) => !isFor(each))
    for (const each of due) holdUp(each)
  }

  async function ask(requestId: string, lane: Lane, question: () => Promise<void>): Promise<void> {
    lane.isAsking = true
    await question()
    lane.isAsking = false
    pump(requestId, lane)
  }

  async function openTurn(requestId: string, lane: Lane): Promise<void> {
    const position = await sink.position(turnStream(requestId).id).catch(() => null)
    const turn = memory.open(requestId, position)
    lane.turn = turn
    lane.order = createOrder(turn.heardBelow, clock, (ordered) => follow(ordered, turn))
  }

  function take({ raw, message }: Heard, turn: Turn, order: Order<Ordered>): void {
    const told = tellMessage(raw, message, turn, memory)
    if (told === null) return
    // Numbers are put in order by the ledger; an end without one waits here for all that came before it.
    if (message.seq !== null) hand(told, told.isNew)
    if (message.seq === null || told.isNew) order.offer(message.seq, { message, told })
  }

  function follow({ message, told }: Ordered, turn: Turn): void {
    if (message.seq === null) hand(told, told.isNew)
    if (!told.isNew) return
    hand({ stream: turnStream(turn.requestId), events: followUps(message, turn, memory) })
    if (isTurnEnd(message)) onTurnEnded?.(turn.requestId)
  }

  const stop = listen(socket, receive, sink.status)
  return () => {
    stop()
    for (const { order } of lanes.values()) order?.flush()
    lanes.clear()
    isClosed = true
  }
}

/** What has no place is on a log that is none. */
const isRunEvent = (log: string): log is LogId => log.startsWith('r:')

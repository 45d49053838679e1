/**
 * Owns the way of a message to the sockets: its number within the request, and the faults that can be switched on
 * between the core and its clients.
 */

export interface Message {
  event: string
  client_id: string
  thread_id: string
  request_id: string
  seq?: number
  [field: string]: unknown
}

export interface Switches {
  /** Messages that get lost: every nth one, or all of these names. On the way to the ledger, too, with `progress`. */
  loss: { every?: number; events?: readonly string[]; at?: 'socket' | 'progress' } | null
  /** How often a whole turn is sent again after its end. */
  replay: number
  /** So many messages are held and sent in the opposite order. */
  reorder: number
  /** Names with a colon: not sent, sent too as the core does, or sent alone. */
  aliases: 'none' | 'too' | 'only'
  /** Messages are numbered. */
  seq: boolean
  /** Messages carry the time they were sent. */
  ts: boolean
  /** The version of the core whose rows are given. */
  rows: 1 | 2
  /** Answers come inside `{ data }`. */
  envelope: boolean
  /** Between two messages. */
  paceMs: number
}

export const NO_FAULTS: Switches = {
  loss: null,
  replay: 0,
  reorder: 0,
  aliases: 'too',
  seq: true,
  ts: false,
  rows: 2,
  envelope: false,
  paceMs: 0,
}

/** Written by others than the bridge: they have no number. */
const UNNUMBERED: ReadonlySet<string> = new Set(['chat_done', 'chat_error', 'chat_segment', 'chat_cancelled'])
/** After these a turn says no more. `chat_cancelled` follows a `chat_error`. */
const LAST: ReadonlySet<string> = new Set(['chat_done', 'chat_error', 'chat_cancelled'])

const isNumbered = (event: string): boolean => !UNNUMBERED.has(event)

interface Turn {
  next: number
  sent: Message[]
}

export class Wire {
  readonly #emit: (name: string, message: Message) => void
  readonly #switches: () => Switches
  readonly #turns = new Map<string, Turn>()
  #held: Message[] = []
  #heard = 0

  constructor(emit: (name: string, message: Message) => void, switches: () => Switches) {
    this.#emit = emit
    this.#switches = switches
  }

  /** Gives the message its number; null when it never got as far as the bridge. */
  stamp(message: Message): Message | null {
    const { seq, loss } = this.#switches()
    if (loss?.at === 'progress' && this.#isLost(message)) return null
    const turn = this.#turn(message.request_id)
    if (!seq || !isNumbered(message.event)) return message
    const numbered = { ...message, seq: message.seq ?? turn.next }
    turn.next = numbered.seq + 1
    return numbered
  }

  send(message: Message): void {
    const { reorder, replay } = this.#switches()
    this.#turn(message.request_id).sent.push(message)
    this.#held.push(message)
    const isLast = LAST.has(message.event)
    if (isLast || this.#held.length > reorder) this.flush()
    if (isLast) for (let time = 0; time < replay; time += 1) this.replay(message.request_id)
  }

  /** Nothing is held back over a wait. */
  flush(): void {
    const held = this.#held
    this.#held = []
    for (const message of this.#switches().reorder > 0 ? held.toReversed() : held) this.#deliver(message)
  }

  /** All that a turn has sent so far, once more. */
  replay(requestId: string): void {
    for (const message of this.#turn(requestId).sent) this.#deliver(message)
  }

  /** The core's memory of turns ends with its process. */
  forget(): void {
    this.#turns.clear()
    this.#held = []
  }

  #turn(requestId: string): Turn {
    const known = this.#turns.get(requestId) ?? { next: 0, sent: [] }
    this.#turns.set(requestId, known)
    return known
  }

  #deliver(message: Message): void {
    const { loss, aliases } = this.#switches()
    if (loss !== null && loss.at !== 'progress' && this.#isLost(message)) return
    // Deltas have one name.
    const alias = message.event.endsWith('_delta') ? null : message.event.replace('_', ':')
    if (aliases !== 'only' || alias === null) this.#emit(message.event, message)
    if (aliases !== 'none' && alias !== null) this.#emit(alias, message)
  }

  #isLost(message: Message): boolean {
    const { loss } = this.#switches()
    if (loss === null) return false
    if (loss.events?.includes(message.event) === true) return true
    this.#heard += 1
    return loss.every !== undefined && this.#heard % loss.every === 0
  }
}

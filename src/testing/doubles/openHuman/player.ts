/**
 * Owns scripts: what a core does and says, message by message, waiting for a person where the script waits. A script
 * that waits outlives the process, as a checkpoint on disk does; one in the middle of a turn dies with it.
 */
import type { Fields } from './rows.ts'
import type { Message } from './wire.ts'

/** A message without its envelope and number; given ones are kept. */
export type Said = { event: string } & Fields

export type Step =
  | Said
  /** A new request begins: a turn of the person, or of the core by itself. */
  | { turn: string }
  /** `answer` ends with a chat message in the thread, any other name with `go(name)`. */
  | { wait: string }

/** In strings `{n}` is the number of the play, `{answer}` what the person wrote last. */
export interface Script {
  threadId: string
  clientId?: string
  steps: readonly Step[]
}

/** How a play ended: at its last step, by a person, or with the process. */
export type Ending = 'ended' | 'cancelled' | 'died'

export interface Play {
  /** Of its first turn. */
  requestId: string | null
  ended: Promise<Ending>
}

interface Running {
  threadId: string
  requestId: string
  isInTurn: boolean
  /** Children that are at work. */
  children: Set<string>
  /** Children that were aborted: nothing is heard of them any more. */
  aborted: Set<string>
  waiting: { name: string; go: (text: string) => void } | null
  /** The turn that begins when the wait is over. */
  nextRequestId: string | null
  stop: Ending | null
}

export interface Stage {
  /** Carries a message to the ledger and to the sockets. */
  say(message: Message): void
  pause(): Promise<void>
  /** Nothing more comes for a while. */
  rest(): void
}

export class Player {
  readonly #stage: Stage
  readonly #prefix: string
  readonly #running = new Set<Running>()
  #plays = 0

  constructor(stage: Stage, prefix: string) {
    this.#stage = stage
    this.#prefix = prefix
  }

  play(script: Script): Play {
    this.#plays += 1
    const words = new Map([['n', `${this.#prefix}${this.#plays}`]])
    const running: Running = {
      threadId: fill(script.threadId, words),
      requestId: '',
      isInTurn: false,
      children: new Set(),
      aborted: new Set(),
      waiting: null,
      nextRequestId: nextTurn(script.steps, words),
      stop: null,
    }
    this.#running.add(running)
    const { nextRequestId: requestId } = running
    const ended = this.#run(script, running, words).finally(() => this.#running.delete(running))
    return { requestId, ended }
  }

  /** A person writes in a thread. Null when nobody waited for it. */
  answer(threadId: string, text: string): Pick<Play, 'requestId'> | null {
    const found = this.#release((running) => running.threadId === threadId, 'answer', text)
    return found === null ? null : { requestId: found.isInTurn ? null : found.nextRequestId }
  }

  /** A person decides what a turn in progress asks for. */
  decide(requestId: string, decision: string): boolean {
    const isMeant = (running: Running): boolean => running.isInTurn && running.requestId === requestId
    return this.#release(isMeant, 'answer', decision) !== null
  }

  go(name: string): boolean {
    return this.#release(() => true, name, '') !== null
  }

  isWaiting(name: string): boolean {
    return [...this.#running].some(({ waiting }) => waiting?.name === name)
  }

  /** Ends the turns of a thread, or the one of a request; gives those that were there. */
  cancelTurns(threadId: string, requestId: string | null): string[] {
    const found = [...this.#running].filter(
      (running) =>
        running.isInTurn &&
        running.stop === null &&
        running.threadId === threadId &&
        (requestId === null || running.requestId === requestId),
    )
    for (const running of found) this.#end(running, 'cancelled')
    return found.map((running) => running.requestId)
  }

  cancelChild(taskId: string): boolean {
    const running = this.#withChild(taskId)
    if (running === undefined) return false
    running.children.delete(taskId)
    running.aborted.add(taskId)
    return true
  }

  isWorking(taskId: string): boolean {
    return this.#withChild(taskId) !== undefined
  }

  /** Whoever waits between turns is told by the next chat message, in another process. */
  die(): void {
    for (const running of this.#running)
      if (running.isInTurn || running.waiting === null || running.children.size > 0)
        this.#end(running, 'died')
  }

  /** Everything ends. */
  close(): void {
    for (const running of this.#running) this.#end(running, 'died')
  }

  #end(running: Running, how: Ending): void {
    running.stop = how
    running.waiting?.go('')
  }

  #withChild(taskId: string): Running | undefined {
    return [...this.#running].find(({ children }) => children.has(taskId))
  }

  #release(isMeant: (running: Running) => boolean, name: string, text: string): Running | null {
    const found = [...this.#running].find((running) => running.waiting?.name === name && isMeant(running))
    found?.waiting?.go(text)
    return found ?? null
  }

  async #run(script: Script, running: Running, words: Map<string, string>): Promise<Ending> {
    const { clientId = 'app' } = script
    for (const [index, step] of script.steps.entries()) {
      if (running.stop !== null) return running.stop
      if (isTurn(step)) {
        running.requestId = fill(step.turn, words)
      } else if ('wait' in step && typeof step.wait === 'string') {
        running.nextRequestId = nextTurn(script.steps.slice(index), words)
        this.#stage.rest()
        const text = await this.#wait(running, step.wait)
        if (step.wait === 'answer') words.set('answer', text)
      } else {
        const said = fill(step, words) as Said
        this.#say(running, {
          client_id: clientId,
          thread_id: running.threadId,
          request_id: running.requestId,
          ...said,
        })
        await this.#stage.pause()
      }
    }
    this.#stage.rest()
    return running.stop ?? 'ended'
  }

  #wait(running: Running, name: string): Promise<string> {
    return new Promise((resolve) => {
      running.waiting = {
        name,
        go: (text) => {
          running.waiting = null
          resolve(text)
        },
      }
    })
  }

  #say(running: Running, message: Message): void {
    const child = typeof message['skill_id'] === 'string' ? message['skill_id'] : ''
    const { event } = message
    const isOfChild = event.startsWith('subagent_')
    if (event === 'inference_start') running.isInTurn = true
    if (event === 'chat_done' || event === 'chat_error') running.isInTurn = false
    if (event === 'subagent_spawned') running.children.add(child)
    if (isOfChild && running.aborted.has(child)) return
    if (isOfChild && /_(?:completed|failed|awaiting_user)$/.test(event)) running.children.delete(child)
    this.#stage.say(message)
  }
}

function nextTurn(steps: readonly Step[], words: ReadonlyMap<string, string>): string | null {
  const next = steps.find(isTurn)
  return next === undefined ? null : fill(next.turn, words)
}

const isTurn = (step: Step): step is { turn: string } => 'turn' in step && typeof step.turn === 'string'

/** The same JSON with its words filled in. */
function fill<Value>(value: Value, words: ReadonlyMap<string, string>): Value
function fill(value: unknown, words: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string')
    return value.replaceAll(/\{(\w+)\}/g, (whole, name: string) => words.get(name) ?? whole)
  if (Array.isArray(value)) return value.map((item) => fill(item, words))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, words)]))
}

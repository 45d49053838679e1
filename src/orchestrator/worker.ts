/**
 * Owns the orchestrator's side of the port: it takes the lock of its epoch before it emits anything, says
 * hello, and then does what it is told.
 */
import type { Clock, Ids, Locks } from '../core/ports.ts'
import type { Agent } from './agent.ts'
import { createOrchestrator } from './engine.ts'
import { epochLock } from '../core/epoch.ts'
import { pageRequests } from './pageRequests.ts'
import { post, readToWorker } from './protocol.ts'
import type { MessagePortLike, PortEvent, ToPage, ToWorker } from './protocol.ts'
import { messageOf } from './text.ts'

export interface ServeOptions {
  agents: readonly Agent[]
  /** The worker's own scope (`self`), or one end of a channel. */
  scope: MessagePortLike
  clock: Clock
  locks: Locks
  ids: Ids
  /** Milliseconds before each step, until the page says otherwise. */
  pace?: number
}

export interface Served {
  /** Ends all work without a word and frees the lock: for others, the owner of its runs is gone. */
  dispose(): void
}

export function serveOrchestrator(options: ServeOptions): Served {
  const { scope, locks, ids, agents, clock, pace = 0 } = options
  const epoch = ids.next()
  const send = (message: ToPage): void => post(scope, message)
  const page = pageRequests(send)
  const orchestrator = createOrchestrator({
    epoch,
    agents,
    clock,
    content: page,
    pace,
    durable: page.durable,
    emit: (events) => send({ kind: 'events', events: [...events] }),
  })
  /** What is asked before the lock is held waits for it; null once it is. */
  let early: PortEvent[] | null = []
  let release: (() => void) | null = null
  let disposed = false

  function hear(event: PortEvent): void {
    if (early === null) handle(event)
    else early.push(event)
  }

  function handle(event: PortEvent): void {
    const read = readToWorker(event.data)
    if (read.kind === 'foreign') return
    if (read.kind === 'bad') {
      send({
        kind: 'failed',
        requestId: read.requestId,
        message: `The orchestrator received ${read.reason}.`,
      })
      return
    }
    const { message } = read
    if (message.kind === 'dispose') {
      dispose()
      return
    }
    switch (message.kind) {
      case 'text':
      case 'durable':
        page.answered(message)
        return
      case 'command':
        void obey(message)
        return
      case 'ask': {
        const live = message.logs.filter((log) => orchestrator.live(log))
        send({ kind: 'live', requestId: message.requestId, live })
        return
      }
      case 'pace':
        orchestrator.setPace(message.ms)
    }
  }

  async function obey({ requestId, command }: Extract<ToWorker, { kind: 'command' }>): Promise<void> {
    const reply = await orchestrator.command(command).then(
      (delivery): ToPage => ({ kind: 'delivery', requestId, delivery }),
      (error: unknown): ToPage => ({ kind: 'failed', requestId, message: messageOf(error) }),
    )
    if (!disposed) send(reply)
  }

  function dispose(): void {
    if (disposed) return
    disposed = true
    orchestrator.dispose()
    scope.removeEventListener('message', hear)
    release?.()
    scope.close?.()
  }

  function open(held: () => void): void {
    if (disposed) {
      held()
      return
    }
    release = held
    send({ kind: 'hello', epoch, agents: [...orchestrator.agents()] })
    const waiting = early ?? []
    early = null
    for (const event of waiting) if (!disposed) handle(event)
  }

  scope.addEventListener('message', hear)
  scope.start?.()
  // Without its lock, others would take its runs for dead while it drives them: better not to begin.
  locks.hold(epochLock(epoch)).then(open, (error: unknown) => {
    send({
      kind: 'failed',
      requestId: null,
      message: `The lock of its epoch was refused: ${messageOf(error)}`,
    })
    dispose()
  })
  return { dispose }
}

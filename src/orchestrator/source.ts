/**
 * Owns the page's side of the port: the local orchestrator as a source like any other. It also answers for
 * earlier epochs, whose owners are gone when nobody holds their lock.
 */
import type { RunCommand } from '../core/commands.ts'
import type { LogId } from '../core/ids.ts'
import type {
  AgentCatalog,
  Delivery,
  Evidence,
  Locks,
  RunQuery,
  Source,
  SourceSink,
  SourceStatus,
} from '../core/ports.ts'
import { LOCAL_VERBS } from './commands.ts'
import { epochLock, epochOf, streamOf } from '../core/epoch.ts'
import { post, readToPage } from './protocol.ts'
import type { MessagePortLike, PortEvent, ToPage, ToWorker } from './protocol.ts'
import { messageOf } from './text.ts'

export interface OrchestratorSource extends Source {
  /** Milliseconds the orchestrator pauses before each step; 0 is full speed. */
  setPace(ms: number): void
  /** Ends the orchestrator: its runs lose their owner. */
  dispose(): void
}

interface Pending {
  resolve(reply: Extract<ToPage, { kind: 'delivery' | 'live' }>): void
  reject(error: Error): void
}

const UNKNOWN: Evidence = { kind: 'unknown' }
const LIVE: Evidence = { kind: 'live' }
/** Nobody leaves an exit code in a browser. */
const GONE: Evidence = { kind: 'gone', exitCode: null }

/** `port`: a worker that calls `serveOrchestrator`, or the other end of its channel. */
export function orchestratorSource(port: MessagePortLike, { locks }: { locks: Locks }): OrchestratorSource {
  const pending = new Map<number, Pending>()
  let requests = 0
  let epoch: string | null = null
  let agents: AgentCatalog | null = null
  /** Who asked for the agents before they were known. */
  let curious: { resolve(catalog: AgentCatalog): void; reject(error: Error): void }[] = []
  let sink: SourceSink | null = null
  /** Events nobody took yet; a contiguous stream may not lose any. */
  let held: unknown[] = []
  let status: SourceStatus = { state: 'connecting', error: null }
  let ended: Error | null = null

  function tell(next: SourceStatus): void {
    status = next
    sink?.status(next)
  }

  function end(error: Error, shown: string | null): void {
    if (ended !== null) return
    ended = error
    port.removeEventListener('message', hear)
    port.removeEventListener('error', fault)
    port.removeEventListener('messageerror', unreadable)
    port.removeEventListener('close', closed)
    port.terminate?.()
    for (const request of pending.values()) request.reject(error)
    pending.clear()
    for (const each of curious) each.reject(error)
    tell({ state: 'disconnected', error: shown })
  }

  const crash = (reason: string): void => end(new Error(reason), reason)
  const closed = (): void => crash('The orchestrator has ended.')

  /** Something is wrong that need not be the end of it. */
  function complain(reason: string): void {
    if (epoch === null) crash(reason)
    else tell({ ...status, error: reason })
  }

  const unreadable = (): void => complain('A message of the orchestrator could not be read.')

  /** A worker that failed to load is lost; one whose agent threw in a stray callback goes on. */
  function fault({ message }: PortEvent): void {
    const reason = `The orchestrator failed: ${message || 'its script could not be loaded'}.`
    const own = epoch
    if (own === null) {
      crash(reason)
      return
    }
    const complainOnly = (): void => complain(reason)
    locks.held().then((names) => {
      // Without evidence of its death it is not dead.
      if (names === null || names.has(epochLock(own))) complainOnly()
      else crash(reason)
    }, complainOnly)
  }

  function hear({ data }: PortEvent): void {
    const read = readToPage(data)
    if (read.kind === 'foreign') return
    if (read.kind === 'bad') {
      const reason = `The orchestrator sent ${read.reason}.`
      if (read.requestId === null) complain(reason)
      else refuse(read.requestId, reason)
      return
    }
    take(read.message)
  }

  function greet(catalog: AgentCatalog): void {
    agents = catalog
    for (const each of curious) each.resolve(catalog)
    curious = []
  }

  function take(message: ToPage): void {
    switch (message.kind) {
      case 'hello':
        epoch = message.epoch
        greet(new Map(message.agents.map(({ id, name, fingerprint }) => [id, { name, fingerprint }])))
        tell({ state: 'connected', error: null })
        return
      case 'events':
        if (sink !== null && epoch !== null) sink.receive(streamOf(epoch), message.events)
        else for (const event of message.events) held.push(event)
        return
      case 'delivery':
      case 'live':
        pending.get(message.requestId)?.resolve(message)
        pending.delete(message.requestId)
        return
      case 'read':
        void answerRead(message)
        return
      case 'keep':
        void answerKeep(message)
        return
      case 'failed':
        if (message.requestId === null) complain(message.message)
        else refuse(message.requestId, message.message)
    }
  }

  async function answerRead({ readId, ref }: Extract<ToPage, { kind: 'read' }>): Promise<void> {
    const say = (text: string | null, error: string | null): void => {
      if (ended === null) post(port, { kind: 'text', readId, text, error })
    }
    if (sink === null) {
      say(null, 'The page is not connected to its ledger.')
      return
    }
    await sink.read(ref).then(
      (text) => say(text, null),
      (error: unknown) => say(null, messageOf(error)),
    )
  }

  async function answerKeep({ keepId, position }: Extract<ToPage, { kind: 'keep' }>): Promise<void> {
    const say = (error: string | null): void => {
      if (ended === null) post(port, { kind: 'durable', keepId, error })
    }
    if (sink === null || epoch === null) {
      say('The page is not connected to its ledger.')
      return
    }
    await sink.durable(streamOf(epoch).id, position).then(
      () => say(null),
      (error: unknown) => say(messageOf(error)),
    )
  }

  function refuse(requestId: number, reason: string): void {
    pending.get(requestId)?.reject(new Error(reason))
    pending.delete(requestId)
  }

  function request(message: (requestId: number) => ToWorker): Promise<Parameters<Pending['resolve']>[0]> {
    return new Promise((resolve, reject) => {
      if (ended !== null) {
        reject(ended)
        return
      }
      requests += 1
      const requestId = requests
      pending.set(requestId, { resolve, reject })
      try {
        post(port, message(requestId))
      } catch (error) {
        // Never sent: it holds something that cannot be cloned.
        pending.delete(requestId)
        throw error
      }
    })
  }

  /** Runs of this epoch: the orchestrator knows. */
  async function askOrchestrator(logs: readonly LogId[]): Promise<readonly [LogId, Evidence][]> {
    const reply = await request((requestId) => ({ kind: 'ask', requestId, logs: [...logs] }))
    if (reply.kind !== 'live') throw new Error('The orchestrator answered another question.')
    const live = new Set(reply.live)
    return logs.map((log) => [log, live.has(log) ? LIVE : GONE])
  }

  /** Runs of other epochs: their lock knows whether they still have an owner, and nothing else about them. */
  async function askLocks(others: readonly RunQuery[]): Promise<readonly [LogId, Evidence][]> {
    const names = await locks.held()
    return others.map(({ log, stream }) => {
      const of = epochOf(stream)
      return [log, of === null || names === null || names.has(epochLock(of)) ? UNKNOWN : GONE]
    })
  }

  port.addEventListener('message', hear)
  port.addEventListener('error', fault)
  port.addEventListener('messageerror', unreadable)
  port.addEventListener('close', closed)
  port.start?.()

  return {
    id: 'local',
    verbs: LOCAL_VERBS,

    connect(next) {
      sink = next
      next.status(status)
      if (epoch !== null && held.length > 0) {
        const events = held
        held = []
        next.receive(streamOf(epoch), events)
      }
      return () => {
        if (sink === next) sink = null
      }
    },

    async ask(runs) {
      // When the orchestrator crashed, its own epoch is judged like every other: by its lock.
      const isOwn = ({ stream }: RunQuery): boolean =>
        ended === null && epoch !== null && epochOf(stream) === epoch
      const own = runs.filter(isOwn).map(({ log }) => log)
      const others = runs.filter((run) => !isOwn(run))
      const answers = await Promise.all([
        own.length > 0 ? askOrchestrator(own) : [],
        others.length > 0 ? askLocks(others) : [],
      ])
      return new Map(answers.flat())
    },

    async send(command: RunCommand): Promise<Delivery> {
      const reply = await request((requestId) => ({ kind: 'command', requestId, command }))
      if (reply.kind !== 'delivery') throw new Error('The orchestrator answered another question.')
      return reply.delivery
    },

    async catalog() {
      if (ended !== null) throw ended
      return agents ?? new Promise((resolve, reject) => curious.push({ resolve, reject }))
    },

    setPace(ms) {
      if (ended === null) post(port, { kind: 'pace', ms })
    },

    dispose() {
      if (ended !== null) return
      // A worker is terminated, a channel's other end has to be told.
      post(port, { kind: 'dispose' })
      end(new Error('The orchestrator was ended.'), null)
    },
  }
}

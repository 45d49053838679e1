/**
 * Owns a source that says what a test tells it to: real events through the real port, an answer to "what is
 * live", and a record of the commands it was sent.
 */
import type { CommandVerb, RunCommand } from '../core/commands.ts'
import type { StreamInfo } from '../core/events.ts'
import type { LogId } from '../core/ids.ts'
import type { Delivery, Evidence, Source, SourceSink } from '../core/ports.ts'

export interface ScriptedSource extends Source {
  /** Hands events over, as they are; held until the ledger connects. */
  emit(stream: StreamInfo, events: readonly unknown[]): void
  /** The next answers of `ask`; logs not named are unknown. */
  evidence: Map<LogId, Evidence>
  /** Makes `ask` fail, as an owner that cannot be reached. */
  unreachable: boolean
  /** How commands are answered; default: delivered. */
  answer: (command: RunCommand) => Promise<Delivery>
  readonly sent: readonly RunCommand[]
}

export function scriptedSource(
  options: { id?: string; verbs?: readonly CommandVerb[] } = {},
): ScriptedSource {
  const { id = 'scripted', verbs = ['start', 'stop', 'answer'] } = options
  let sink: SourceSink | null = null
  const early: [StreamInfo, readonly unknown[]][] = []
  const sent: RunCommand[] = []
  const source: ScriptedSource = {
    id,
    verbs: verbs.map((verb) => ({ verb, idempotent: true })),
    evidence: new Map(),
    unreachable: false,
    answer: async () => ({ kind: 'delivered' }),
    sent,
    emit(stream, events) {
      if (sink === null) early.push([stream, events])
      else sink.receive(stream, events)
    },
    connect(target) {
      sink = target
      target.status({ state: 'connected', error: null })
      for (const [stream, events] of early.splice(0)) target.receive(stream, events)
      return () => {
        sink = null
      }
    },
    async ask(runs) {
      if (source.unreachable) throw new Error('The owner cannot be reached.')
      return new Map(
        runs.map(({ log }) => [log, source.evidence.get(log) ?? ({ kind: 'unknown' } satisfies Evidence)]),
      )
    },
    async send(command) {
      sent.push(command)
      return source.answer(command)
    },
  }
  return source
}

/** A contiguous live stream, as a local orchestrator's. */
export const liveStream = (id: string): StreamInfo => ({ id, contiguous: true, first: 1, kind: 'live' })

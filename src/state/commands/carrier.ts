/**
 * Owns who carries a command out: a source that this page is connected to, one that is away for now, or nobody,
 * because the run has no owner any more. SPEC O1, T1.
 */
import type { LogRecord } from '../../core/entities.ts'
import { lifecycleOf } from '../../core/entities.ts'
import type { CommandRequest, Evidence, Source } from '../../core/ports.ts'
import { isSettled } from '../../core/status.ts'
import { queryOf } from '../evidence/ask.ts'
import type { Runtime } from '../runtime.ts'
import { at } from '../table.ts'

export type Carrier =
  | { kind: 'here'; source: Source }
  /** It waits in the outbox; `detail` says for whom. */
  | { kind: 'away'; detail: string }
  /** Nobody drives the run: it has ended, or its owner has. `source` could take it on. */
  | { kind: 'orphan'; source: Source | null }
  /** No source of this scope can do it at all. */
  | { kind: 'nobody' }

type Addressed = Pick<CommandRequest, 'verb' | 'log'>

/** `record`: the run as it is known, here or on disk. */
export async function carrierOf(
  runtime: Runtime,
  { verb, log }: Addressed,
  record: LogRecord | undefined,
): Promise<Carrier> {
  const able = runtime.sources.filter((source) => source.verbs.some((each) => each.verb === verb))
  const [first] = able
  // To stop what nobody drives takes no one.
  if (first === undefined)
    return verb === 'stop' && record !== undefined ? orphanOrNobody(runtime, record) : NOBODY
  // A run that is not there yet goes to the first that can start it, in every page alike.
  const isOnly = able.length === 1 && first.instance !== undefined
  if (record === undefined || isOnly) return reach(runtime, first)
  if (isSettled(lifecycleOf(record).status)) return orphan(runtime, able, verb)

  const { followed, unconfirmed } = runtime.getState().runs
  const isOurs = at(followed, log) === undefined && at(unconfirmed, log) === undefined
  const here = able.filter((source) => isHere(runtime, source))
  if (isOurs && here.length === 1 && able.length === 1) return { kind: 'here', source: first }
  const words = await hear(runtime.sources, record)
  const owner = here.find((source) => words.get(source)?.kind === 'live')
  if (owner !== undefined) return { kind: 'here', source: owner }
  const kinds = new Set([...words.values()].map(({ kind }) => kind))
  if (kinds.has('gone') && !kinds.has('live')) return orphan(runtime, able, verb)
  if (isOurs && here.length === able.length) return { kind: 'here', source: first }
  return away(
    runtime,
    able.find((source) => !isHere(runtime, source)),
  )
}

const NOBODY: Carrier = { kind: 'nobody' }

async function orphanOrNobody(runtime: Runtime, record: LogRecord): Promise<Carrier> {
  const kinds = [...(await hear(runtime.sources, record)).values()].map(({ kind }) => kind)
  return kinds.includes('gone') && !kinds.includes('live') ? { kind: 'orphan', source: null } : NOBODY
}

/** Connected by this page, and not known to be down. */
export function isHere(
  { connected, getState }: Pick<Runtime, 'connected' | 'getState'>,
  source: Source,
): boolean {
  return connected.has(source) && getState().ledger.sources[source.id]?.state !== 'disconnected'
}

const reach = (runtime: Runtime, source: Source): Carrier =>
  isHere(runtime, source) ? { kind: 'here', source } : away(runtime, source)

function away({ connected }: Pick<Runtime, 'connected'>, source: Source | undefined): Carrier {
  if (source === undefined) return { kind: 'away', detail: 'Waits for the tab that runs it.' }
  const detail = connected.has(source)
    ? `Waits for ${source.id}, which is not connected.`
    : `Waits for the tab that is connected to ${source.id}.`
  return { kind: 'away', detail }
}

/** By preference taken on by a source that says what it could run. */
function orphan(runtime: Runtime, able: readonly Source[], verb: Addressed['verb']): Carrier {
  const here = able.filter((source) => isHere(runtime, source))
  const source = here.find(({ catalog }) => catalog !== undefined) ?? here[0] ?? null
  return source === null && verb !== 'stop' ? away(runtime, able[0]) : { kind: 'orphan', source }
}

/** What each source says of it; one that cannot be reached says nothing. */
async function hear(sources: readonly Source[], record: LogRecord): Promise<ReadonlyMap<Source, Evidence>> {
  const answers = await Promise.allSettled(sources.map((source) => source.ask([queryOf(record)])))
  return new Map(
    sources.flatMap((source, index) => {
      const answer = answers[index]
      const word = answer?.status === 'fulfilled' ? answer.value.get(record.log) : undefined
      return word === undefined ? [] : [[source, word] as const]
    }),
  )
}

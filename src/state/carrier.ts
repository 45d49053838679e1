/**
 * Owns who carries a command out: a source that this page is connected to, or another page's. SPEC O1, T1.
 */
import type { CommandRequest, RunQuery, Source } from '../core/ports.ts'
import type { Runtime } from './runtime.ts'
import { at } from './table.ts'

/** `elsewhere`: another page has the connection; `nobody`: no source of this scope can do it at all. */
export type Carrier = Source | 'elsewhere' | 'nobody'

export async function carrierOf(
  runtime: Runtime,
  { verb, log }: Pick<CommandRequest, 'verb' | 'log'>,
): Promise<Carrier> {
  const { sources, connected, getState } = runtime
  const able = sources.filter((source) => source.verbs.some((each) => each.verb === verb))
  const [first] = able
  if (first === undefined) return 'nobody'
  const { records, followed, unconfirmed } = getState().runs
  const record = at(records, log)
  // A run that is not there yet goes to the first that can start it, in every page alike.
  const isOnly = able.length === 1 && first.instance !== undefined
  if (record === undefined || isOnly) return connected.has(first) ? first : 'elsewhere'
  const isOurs = at(followed, log) === undefined && at(unconfirmed, log) === undefined
  const here = able.filter((source) => connected.has(source))
  if (isOurs && here.length === 1 && able.length === 1) return first
  const owner = await findOwner(here, { log, stream: record.bindings.at(-1)?.stream ?? null })
  if (owner !== undefined) return owner
  return isOurs && here.length === able.length ? first : 'elsewhere'
}

/** The source that knows the run; one that cannot be reached knows nothing. */
async function findOwner(sources: readonly Source[], run: RunQuery): Promise<Source | undefined> {
  const answers = await Promise.allSettled(sources.map((source) => source.ask([run])))
  return sources.find((_, index) => {
    const answer = answers[index]
    return answer?.status === 'fulfilled' && answer.value.get(run.log)?.kind === 'live'
  })
}

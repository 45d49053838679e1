/**
 * Owns agentd as a source: what it is connected by, what its rows say of runs that were left in flight, and commands.
 * SPEC C1, C3.
 */
import type { RunCommand } from '../../core/commands.ts'
import type { LogId } from '../../core/ids.ts'
import { idOfLog, isRunLog } from '../../core/ids.ts'
import type { Delivery, Evidence, RunQuery, Source, SourceSink } from '../../core/ports.ts'
import { systemClock } from '../../platform/browser.ts'
import { agentOf } from './convert.ts'
import { keepReading } from './lists.ts'
import type { AgentdOptions } from './options.ts'
import { readRow } from './rows.ts'
import type { AgentRow } from './rows.ts'
import { AGENTD_VERBS, carryOut } from './send.ts'
import { isEnded } from './states.ts'

export function agentdSource(options: AgentdOptions): Source {
  const { id = 'agentd', instance = 'agentd', list, send, clock = systemClock } = options
  let sink: SourceSink | null = null

  return {
    id,
    instance,
    verbs: send === undefined ? [] : AGENTD_VERBS,
    connect(next) {
      sink = next
      const end = keepReading({ ...options, clock }, next)
      return () => {
        if (sink === next) sink = null
        end()
      }
    },
    ask: async (runs) => (list === undefined ? new Map() : judge(runs, await list())),
    async send(command: RunCommand): Promise<Delivery> {
      if (send === undefined)
        return { kind: 'rejected', reason: 'agentd was connected without a way to send.' }
      const { delivery, stream, events } = await carryOut(send, command, () => clock.now())
      if (events.length > 0) sink?.receive(stream, events)
      return delivery
    },
  }
}

/**
 * What a whole list says of runs. Every row counts, not only those said to run: agentd marks agents as stopped that it
 * leaves running. An agent of ours that is not in it was terminated, since that deletes the row; the conclusion is ours
 * and yields when it turns up again. A list with a row that cannot be read proves no absence.
 */
function judge(runs: readonly RunQuery[], values: readonly unknown[]): ReadonlyMap<LogId, Evidence> {
  const rows = values.map(readRow)
  const isWhole = !rows.includes(null)
  const byLog = new Map<LogId, AgentRow>(rows.flatMap((row) => (row === null ? [] : [[row.log, row]])))
  return new Map(
    runs.flatMap((query): [LogId, Evidence][] => {
      const row = byLog.get(query.log)
      if (row !== undefined) return [[query.log, evidenceOf(row)]]
      const isOurs = isRunLog(query.log) && agentOf(query.stream) === idOfLog(query.log)
      return isOurs && isWhole ? [[query.log, { kind: 'gone', exitCode: null }]] : []
    }),
  )
}

/** What an old row says of an end is taken from the row itself, which also says how; here it would only be a guess. */
const evidenceOf = ({ fact, isCertain }: AgentRow): Evidence =>
  isEnded(fact.state) && !isCertain
    ? { kind: 'unknown' }
    : isEnded(fact.state)
      ? { kind: 'gone', exitCode: fact.exitCode }
      : { kind: 'live' }

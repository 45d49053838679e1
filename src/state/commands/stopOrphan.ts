/**
 * Owns stopping what nobody drives: the run and all it had at work are settled here, as inferred, together with the
 * command that asked for it. SPEC O1, C2.
 */
import type { RunCommand } from '../../core/commands.ts'
import type { LogRecord, RunRecord } from '../../core/entities.ts'
import { lifecycleOf } from '../../core/entities.ts'
import { idOfLog, isRunLog } from '../../core/ids.ts'
import type { LogId } from '../../core/ids.ts'
import { isSettled } from '../../core/status.ts'
import { eventsOf, isOvertaken, settledAs } from './writes.ts'
import { decide } from '../decide.ts'
import { gatherEvidence, readUnsettled } from '../evidence/ask.ts'
import { moveEvent } from '../transition.ts'
import type { Runtime } from '../runtime.ts'

const REASON = 'Stopped by you; nobody drove it any more.'

/** Applied when something was settled, else refused. Gives back the command as it is then. */
export async function stopOrphan(runtime: Runtime, command: RunCommand): Promise<RunCommand> {
  const { ledger, clock } = runtime
  // What was told last is on disk before it is judged by what is there.
  await runtime.writer.whenWritten()
  const children = await descendants(ledger, command.log)
  const evidence = await gatherEvidence(runtime, children)
  const driverless = children.filter(({ log }) => evidence.get(log)?.kind !== 'live')
  const heads = new Map(driverless.map(({ log, run }) => [log as LogId, run.lastSequence]))
  const seen = Math.max(0, ...children.map(({ run }) => run.updatedAt))
  const now = clock.now()
  let settled = command
  await decide(runtime, [...heads.keys(), command.log], (records) => {
    if (isOvertaken(runtime, command)) return null
    const going = [...records.values()].filter((record) => isGoing(record, heads))
    const isItself = going.some(({ log }) => log === command.log)
    settled = settledAs(runtime, command, ...verdict(isItself, going.length - (isItself ? 1 : 0)))
    const fact = { to: 'cancelled', trigger: 'user_terminated', reason: REASON, inferred: true } as const
    const moves = going.map((record) => {
      const lastSeenAt = record.entity === 'workflow' && seen > 0 ? { lastSeenAt: seen } : {}
      return moveEvent(record, { ...fact, ...lastSeenAt }, now)
    })
    return { events: [...moves, ...eventsOf(records, settled)], commands: [settled] }
  })
  return runtime.getState().runs.commands[command.id] ?? settled
}

/** In flight, and of those it had at work, not touched since their owners were asked. */
function isGoing(record: LogRecord, heads: ReadonlyMap<LogId, number>): boolean {
  const { status, lastSequence } = lifecycleOf(record)
  return !isSettled(status) && (heads.get(record.log) ?? lastSequence) === lastSequence
}

function verdict(isItself: boolean, others: number): ['applied' | 'rejected', string] {
  const runs = others === 1 ? '1 run' : `${others} runs`
  if (isItself && others > 0)
    return ['applied', `Nobody drove it any more: it was settled here, and ${runs} with it.`]
  if (isItself) return ['applied', 'Nobody drove it any more: it was settled here.']
  if (others > 0) return ['applied', `It had ended; ${runs} it had left behind were settled here.`]
  return ['rejected', 'It had ended already.']
}

/** Everything in flight below it. */
async function descendants(ledger: Runtime['ledger'], log: LogId): Promise<readonly RunRecord[]> {
  if (!isRunLog(log)) return readUnsettled(ledger, { workflow: idOfLog(log) })
  const found = new Map<string, RunRecord>()
  let parents = [idOfLog(log)]
  while (parents.length > 0) {
    const next: string[] = []
    for (const parent of parents) {
      for (const record of await readUnsettled(ledger, { parent })) {
        if (found.has(record.run.id) || record.log === log) continue
        found.set(record.run.id, record)
        next.push(record.run.id)
      }
    }
    parents = next
  }
  return [...found.values()]
}

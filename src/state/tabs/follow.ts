/**
 * Owns following other pages: what they committed is read from the disk and shown, once a frame however much was
 * announced. Announcements before hydration wait for it, and a missed one is healed by a look at the disk.
 * SPEC T1, W5.
 */
import { accept, toSourceEvent } from '../../core/accept.ts'
import type { LogChange } from '../../core/accept.ts'
import type { LogRecord, RunEvent } from '../../core/entities.ts'
import { lifecycleOf } from '../../core/entities.ts'
import { isOurStream } from '../../core/ids.ts'
import type { LogId } from '../../core/ids.ts'
import { isSettled } from '../../core/status.ts'
import { followed, logsDeleted, recordsLoaded } from '../actions.ts'
import { readCommands } from '../commands/rows.ts'
import { resumeOutbox } from '../commands/outbox.ts'
import { openLog } from '../reads.ts'
import type { Runtime } from '../runtime.ts'
import { at, valuesOf } from '../table.ts'

/** Logs read for one frame; the others wait for the next. */
const PULL_LOGS = 200
/** Beyond, a log is read anew instead of event by event. */
const PULL_EVENTS = 1_000
/** Announced logs that wait. What is announced beyond them is found by a look around. */
const WAITING_LOGS = 2_000
/** The newest of each list, for runs that were never heard of. */
const LOOK = 50

export interface Following {
  /** History is in: what was announced meanwhile is read now. */
  start(): void
  /** Looks at the disk for what was not heard. */
  lookAround(): void
  stop(): void
}

export function startFollowing(runtime: Runtime): Following {
  const { tabs, frames } = runtime
  let heads = new Map<LogId, number>()
  const gone = new Set<LogId>()
  let commandsChanged = false
  let looking = false
  let started = false
  let stopped = false
  let pulling = false
  let cancelFrame: (() => void) | null = null

  const unhear = tabs.hear((message) => {
    if (message.kind === 'commands') commandsChanged = true
    else if (message.kind === 'at') for (const [log, at] of message.heads) note(log, at)
    else if (message.kind === 'deleted') for (const log of message.logs) gone.add(log)
    else return
    schedule()
  })

  function note(log: LogId, at: number): void {
    if (heads.size >= WAITING_LOGS && !heads.has(log)) looking = true
    else heads.set(log, Math.max(heads.get(log) ?? 0, at))
  }

  function schedule(): void {
    if (!started || stopped || pulling || cancelFrame !== null) return
    if (heads.size === 0 && gone.size === 0 && !commandsChanged && !looking) return
    cancelFrame = frames(() => {
      cancelFrame = null
      pulling = true
      // A disk that cannot be read now is read at the next word or look.
      void pull()
        .catch(() => {})
        .finally(() => {
          pulling = false
          schedule()
        })
    })
  }

  async function pull(): Promise<void> {
    const due = [...heads].slice(0, PULL_LOGS)
    for (const [log] of due) heads.delete(log)
    const deleted = [...gone]
    gone.clear()
    const [isLook, isOutbox] = [looking, commandsChanged]
    looking = false
    commandsChanged = false
    await forgetDeleted(runtime, deleted)
    const moved = due.filter(([log, at]) => headOf(runtime, log) < at).map(([log]) => log)
    const logs = isLook ? [...new Set([...moved, ...(await lookForMoved(runtime))])] : moved
    const commands = isOutbox ? await readCommands(runtime) : []
    if (!stopped) await catchUp(runtime, logs, commands)
    // Some of them may be for a source that this page is connected to.
    if (isOutbox && !stopped) await resumeOutbox(runtime)
  }

  return {
    start() {
      started = true
      schedule()
    },
    lookAround() {
      looking = true
      commandsChanged = true
      schedule()
    },
    stop() {
      stopped = true
      unhear()
      cancelFrame?.()
    },
  }
}

/** Reads what other pages wrote about these logs and shows it: one dispatch, and one more for new logs. */
export async function catchUp(
  runtime: Runtime,
  logs: readonly LogId[],
  commands: Parameters<typeof followed>[0]['commands'] = [],
): Promise<void> {
  const { ledger, dispatch, getState } = runtime
  const known = logs.filter((log) => at(getState().runs.records, log) !== undefined)
  const steps = await Promise.all(known.map((log) => readStep(runtime, log)))
  const unknown = logs.filter((log) => at(getState().runs.records, log) === undefined)
  const anew = [...unknown, ...steps.flatMap((step) => (step?.kind === 'anew' ? step.log : []))]
  const records = anew.length > 0 ? [...(await ledger.readRecords(anew)).values()] : []
  const isOpened = (log: LogId): boolean => (at(getState().runs.tails, log)?.length ?? 0) > 0
  const opened = records.map(({ log }) => log).filter(isOpened)

  // Whatever was folded here while the disk was read has its own way: head checks and rebase.
  const changes = steps.flatMap((step) =>
    step?.kind === 'change' && step.from === at(getState().runs.records, step.change.log) ? step.change : [],
  )
  if (records.length > 0) dispatch(recordsLoaded({ records }))
  // What another page only concludes about a run is no sign of life.
  const moved = changes.filter(({ events }) => events.some(({ stream }) => !isOurStream(stream)))
  const alive = [...records, ...moved.map(({ record }) => record)]
    .filter((record) => !isSettled(lifecycleOf(record).status))
    .map(({ log }) => log)
  if (changes.length > 0 || alive.length > 0 || commands.length > 0) {
    dispatch(followed({ changes, alive, commands }))
  }
  for (const log of opened) await openLog(runtime, log)
}

/** Lets go of logs that another page says it deleted, if the disk says so as well. */
async function forgetDeleted({ ledger, dispatch, getState }: Runtime, said: readonly LogId[]): Promise<void> {
  const held = said.filter((log) => at(getState().runs.records, log) !== undefined)
  if (held.length === 0) return
  const stored = await ledger.readRecords(held)
  const logs = held.filter((log) => !stored.has(log))
  if (logs.length > 0) dispatch(logsDeleted({ logs }))
}

/** Of these logs, those that the disk has more of. */
export async function movedOf(runtime: Runtime, logs: readonly LogId[]): Promise<readonly LogId[]> {
  if (logs.length === 0) return []
  const records = await runtime.ledger.readRecords(logs)
  return [...records.values()].filter((record) => isNewer(runtime, record)).map(({ log }) => log)
}

type Step = { kind: 'change'; change: LogChange; from: LogRecord } | { kind: 'anew'; log: LogId } | null

async function readStep(runtime: Runtime, log: LogId): Promise<Step> {
  const { records, persisted } = runtime.getState().runs
  const from = at(records, log)
  if (from === undefined) return null
  const head = lifecycleOf(from).lastSequence
  // Events of ours are on their way to the same place: the writer finds out who was first.
  if ((at(persisted, log) ?? 0) < head) return null
  const events = await runtime.ledger.readEvents(log, { after: head, limit: PULL_EVENTS })
  if (events.length === 0) return null
  if (events.length === PULL_EVENTS || !isContiguous(events, head)) return { kind: 'anew', log }
  const [change] = accept(() => from, events.map(toSourceEvent)).changes
  return change === undefined ? null : { kind: 'change', change, from }
}

const isContiguous = (events: readonly RunEvent[], head: number): boolean =>
  events.every(({ sequence }, index) => sequence === head + 1 + index)

/** What moved without our hearing of it: runs in flight here, and the newest of all. */
async function lookForMoved(runtime: Runtime): Promise<readonly LogId[]> {
  const { ledger, getState } = runtime
  const { records, subscribers } = getState().runs
  const inUse = valuesOf(records)
    .filter((record) => !isSettled(lifecycleOf(record).status) || subscribers[record.log] !== undefined)
    .map(({ log }) => log)
  const [moved, newest] = await Promise.all([
    movedOf(runtime, inUse),
    ledger.listRecords({ entity: 'run', limit: LOOK }, { entity: 'workflow', limit: LOOK }),
  ])
  const newer = newest.filter((record) => isNewer(runtime, record))
  return [...new Set([...moved, ...newer.map(({ log }) => log)])]
}

function headOf({ getState }: Runtime, log: LogId): number {
  const record = at(getState().runs.records, log)
  return record === undefined ? 0 : lifecycleOf(record).lastSequence
}

const isNewer = (runtime: Runtime, record: LogRecord): boolean =>
  lifecycleOf(record).lastSequence > headOf(runtime, record.log)

/**
 * Owns taking up what lies in the outbox: what is queued for a source that this page is connected to, what pages that
 * died had on its way, and what nobody confirmed in time. SPEC O1.
 */
import { progressOf } from '../../core/commands.ts'
import type { RunCommand } from '../../core/commands.ts'
import type { LogRecord, Question } from '../../core/entities.ts'
import { lifecycleOf } from '../../core/entities.ts'
import type { Source } from '../../core/ports.ts'
import { isSettled } from '../../core/status.ts'
import { followed } from '../actions.ts'
import { readAnswer } from '../../core/answers.ts'
import { carrierOf } from './carrier.ts'
import { readCommands } from './rows.ts'
import { isFinal } from './states.ts'
import { save, settle } from './writes.ts'
import { carryOut } from './delivery.ts'
import { holdOutbox } from './outboxLock.ts'
import { livingPages } from '../tabs/pages.ts'
import type { Runtime } from '../runtime.ts'

/**
 * Takes up what other pages left in the outbox: what is queued for a source that this page is connected to, and
 * what pages that died had on its way.
 */
export async function resumeOutbox(runtime: Runtime): Promise<void> {
  // One page at a time, and over what is on disk by then: no command is taken up twice.
  const lock = await holdOutbox(runtime)
  try {
    const commands = await readCommands(runtime)
    if (commands.length > 0) runtime.dispatch(followed({ changes: [], alive: [], commands }))
    for (const command of await readOpen(runtime)) if (lock.isOurs()) await takeUp(runtime, command)
  } finally {
    lock.release()
  }
}

/** Settles what this page sent and nobody confirmed in time. */
export async function expireCommands(runtime: Runtime): Promise<void> {
  const { getState, clock, page } = runtime
  const due = Object.values(getState().runs.commands).filter(
    (command) => !isFinal(command) && command.sender === page && command.expiresAt <= clock.now(),
  )
  for (const command of due) await expire(runtime, command)
}

async function expire(runtime: Runtime, command: RunCommand): Promise<void> {
  switch (command.state) {
    case 'queued':
      await settle(runtime, command, 'expired', 'It could not be delivered in time.')
      return
    case 'delivered':
      await settle(runtime, command, 'expired', 'It was delivered, and never confirmed in time.')
      return
    default:
      await settle(runtime, command, 'unknown', 'May have been delivered: it was never confirmed in time.')
  }
}

/** Commands that are in nobody's hands. */
async function readOpen(runtime: Runtime): Promise<readonly RunCommand[]> {
  const [stored, living] = await Promise.all([runtime.ledger.listCommands(), livingPages(runtime)])
  return stored.filter((command) => {
    if (isFinal(command) || isSettledHere(runtime, command)) return false
    if (command.state === 'queued') return true
    if (command.sender === runtime.page) return false
    // Without locks nobody's death can be told, only that its time is over.
    return living === null ? command.expiresAt <= runtime.clock.now() : !living.has(command.sender)
  })
}

/** Its event is here, and on its way to the disk. */
function isSettledHere({ getState }: Runtime, command: RunCommand): boolean {
  const known = getState().runs.commands[command.id]
  return known !== undefined && progressOf(known) > progressOf(command) && isFinal(known)
}

async function takeUp(runtime: Runtime, command: RunCommand): Promise<void> {
  const record = (await runtime.ledger.readRecords([command.log])).get(command.log)
  const isQueued = command.state === 'queued'
  const isStart = command.verb === 'start'
  const conclude = async (state: RunCommand['state'], detail: string | null): Promise<void> => {
    await settle(runtime, command, state, detail)
  }
  if ((isStart || !isQueued) && record !== undefined && isInEffect(command, record))
    return conclude('applied', null)
  if (command.withheld === true) {
    const detail =
      'It may have been delivered. It held what looked like secrets, which are not stored: ask again.'
    return conclude(isQueued ? 'expired' : 'unknown', detail)
  }
  const carrier = await carrierOf(runtime, command, record)
  if (carrier.kind === 'nobody' || command.expiresAt <= runtime.clock.now()) {
    if (isQueued || isStart) return conclude('expired', 'It could not be delivered in time.')
    return expire(runtime, command)
  }
  if (isQueued && hasEnded(command, record))
    return conclude('expired', 'The run had ended before it was sent.')
  const isAnswerLost = carrier.kind === 'orphan' && questionOf(command, record)?.state === 'open'
  // An orchestrator of the page's own went down with it; a start of which nothing appeared can be made again, and
  // so can an answer of which the run, as far as it is known, never heard.
  if (!isQueued && !isStart && !isAnswerLost && !hasSurvivor(runtime, command)) {
    return conclude('unknown', 'The page closed before the orchestrator confirmed it.')
  }
  if (carrier.kind === 'away') return
  const ours: RunCommand = { ...command, sender: runtime.page, detail: null }
  if (carrier.kind === 'here' && !isQueued) {
    if (command.state === 'delivered' && !isStart) return save(runtime, ours)
    if (!isRepeatable(carrier.source, command)) {
      return conclude('unknown', 'May have been delivered: its page closed before it knew.')
    }
  }
  const sending: RunCommand = { ...ours, state: 'sending' }
  await save(runtime, sending)
  await carryOut(runtime, carrier, sending, sending.payload)
}

/** What only a run at work can be asked for is over with it. */
function hasEnded({ verb }: RunCommand, record: LogRecord | undefined): boolean {
  const isAboutWork = verb === 'stop' || verb === 'pause' || verb === 'answer'
  return isAboutWork && record !== undefined && isSettled(lifecycleOf(record).status)
}

/** Whether what it asks for has come about, as far as the run is known. */
function isInEffect(command: RunCommand, record: LogRecord): boolean {
  const { status, trigger, attempt } = lifecycleOf(record)
  switch (command.verb) {
    case 'start':
      return true
    case 'stop':
      return status === 'cancelled' && trigger === 'user_terminated'
    case 'answer':
      return questionOf(command, record)?.state === 'answered'
    case 'resume':
      return record.entity === 'workflow' && attempt > command.attempt && trigger === 'resumed_by_user'
    default:
      return false
  }
}

/** The question an answer is for. */
function questionOf({ verb, payload }: RunCommand, record: LogRecord | undefined): Question | undefined {
  if (verb !== 'answer' || record?.entity !== 'run') return undefined
  const { questionId } = readAnswer(payload)
  return record.questions.find((question) => question.questionId === questionId)
}

/** Whether there is an orchestrator for it that outlives pages. */
const hasSurvivor = ({ sources }: Runtime, { verb }: RunCommand): boolean =>
  sources.some(({ instance, verbs }) => instance !== undefined && verbs.some((each) => each.verb === verb))

const isRepeatable = ({ verbs, instance }: Source, { verb }: RunCommand): boolean =>
  instance === undefined || verbs.some((each) => each.verb === verb && each.idempotent)

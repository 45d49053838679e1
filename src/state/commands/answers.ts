/**
 * Owns that a question is answered once: an answer's command is named after its question, so that a second submit, in
 * this tab or another, finds the first. SPEC O1.
 */
import { answerCommandId, checkAnswer, readAnswer } from '../../core/answers.ts'
import type { CommandState, RunCommand } from '../../core/commands.ts'
import type { Json, QuestionState, RunRecord } from '../../core/entities.ts'
import { CommandRefusedError } from './errors.ts'
import { holdOutbox } from './outboxLock.ts'
import type { Runtime } from '../runtime.ts'

const BECAME: Record<Exclude<QuestionState, 'open'>, string> = {
  answered: 'it was answered',
  denied: 'it was denied',
  timed_out: 'its time is over',
  superseded: 'the run went on without an answer',
  unknown: 'the run that asked is lost',
}

/** After these nobody works on it any more, and it may be said again; whoever got it after all refuses the second. */
const LOST: ReadonlySet<CommandState> = new Set(['rejected', 'expired', 'unknown'])

/**
 * The command that answers the question: the one that was sent already, or the one that `write` writes down.
 * @throws CommandRefusedError when the answer does not fit.
 */
export async function answeredOnce(
  runtime: Runtime,
  record: RunRecord,
  payload: Json,
  write: (id: string) => Promise<RunCommand>,
): Promise<{ command: RunCommand; isNew: boolean }> {
  const { questionId, answer } = readAnswer(payload)
  if (questionId === null) return { command: await write(runtime.ids.next()), isNew: true }
  return inTurn(runtime, () => answerInTurn(runtime, record, { questionId, answer }, write))
}

const turns = new WeakMap<Runtime, Promise<unknown>>()

/** Within a page one after the other, also where the browser has no locks between pages. */
function inTurn<Result>(runtime: Runtime, work: () => Promise<Result>): Promise<Result> {
  const turn = (turns.get(runtime) ?? Promise.resolve()).then(work, work)
  turns.set(runtime, turn)
  return turn
}

async function answerInTurn(
  runtime: Runtime,
  record: RunRecord,
  { questionId, answer }: { questionId: string; answer: Json },
  write: (id: string) => Promise<RunCommand>,
): Promise<{ command: RunCommand; isNew: boolean }> {
  const lock = await holdOutbox(runtime)
  try {
    const rows = new Map((await runtime.ledger.listCommands()).map((row) => [row.id, row]))
    for (let time = 1; ; time += 1) {
      const name = time === 1 ? questionId : `${questionId}#${time}`
      const id = answerCommandId(record.log, record.run.attempt, name)
      const known = rows.get(id)
      if (known === undefined) {
        refuseUnfit(record, questionId, answer)
        return { command: await write(id), isNew: true }
      }
      if (!LOST.has(known.state)) return { command: known, isNew: false }
    }
  } finally {
    lock.release()
  }
}

/** A question this ledger does not know is left to the run's owner, who may. */
function refuseUnfit({ questions }: RunRecord, questionId: string, answer: Json): void {
  const question = questions.find((each) => each.questionId === questionId)
  if (question === undefined) return
  if (question.state !== 'open') {
    throw new CommandRefusedError(`This question is not open any more: ${BECAME[question.state]}.`)
  }
  const refusal = checkAnswer(question, answer)
  if (refusal !== null) throw new CommandRefusedError(refusal)
}

/**
 * Owns the page that is killed: the ledger over a worker with the agents, as an application has it, and a way for the
 * test to press its buttons. It judges nothing.
 */
import { configureStore } from '@reduxjs/toolkit'
import type { Middleware } from '@reduxjs/toolkit'
import { committed, createRunLedger, selectPendingQuestions, workflowLog } from 'run-ledger'
import type { LogId, RunCommand } from 'run-ledger'
import { orchestratorSource, webLocks } from 'run-ledger/orchestrator'
import { lifecycleOf } from '../../../src/core/entities.ts'
import { selectPendingCommands } from '../../../src/state/selectors/selectors.ts'
import { at } from '../../../src/state/table.ts'
import { definition } from './definition.ts'
import type { Outcome, SentCommand } from './protocol.ts'
import { readStored } from './stored.ts'

const SCOPE = 'resume'
const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
const source = orchestratorSource(worker, { locks: webLocks() })
const runs = createRunLedger({ scope: SCOPE, source })

/** Head of each log by the last commit. */
const heads = new Map<LogId, number>()
let durable = 0
const countDurable: Middleware = () => (next) => (action) => {
  const result = next(action)
  if (committed.match(action)) {
    for (const { log, sequence } of action.payload.persisted) {
      // How much of a log was there before, nobody said: one will do, these are for choosing a moment.
      durable += sequence - (heads.get(log) ?? sequence - 1)
      heads.set(log, sequence)
    }
    window.tell(String(durable))
  }
  return result
}

const store = configureStore({
  reducer: { ...runs.reducers },
  middleware: (getDefaultMiddleware) =>
    getDefaultMiddleware(runs.checks).prepend(runs.middleware).concat(runs.api.middleware, countDurable),
})

async function told<Value>(work: Promise<Value>): Promise<Outcome<Value>> {
  try {
    return { ok: true, value: await work }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { ok: false, name: error.name, message: error.message }
  }
}

const sent = ({ id, state, detail, verb }: RunCommand): SentCommand => ({ id, state, detail, verb })

window.resume = {
  shown(workflowRunId) {
    const log = workflowLog(workflowRunId)
    const state = store.getState()
    const record = at(state.runs.records, log)
    return {
      status: record === undefined ? null : lifecycleOf(record).status,
      questions: selectPendingQuestions(state)
        .filter((asked) => asked.workflowRunId === workflowRunId)
        .map(({ log, question: { questionId, attempt } }) => ({ log, questionId, attempt })),
      pending: selectPendingCommands(state, log).map(({ id }) => id),
    }
  },
  isDriven: async (log) => (await runs.standingOf(log))?.ownership === 'confirmed',
  start: (workflowRunId, input) =>
    told(
      runs
        .send({ log: workflowLog(workflowRunId), verb: 'start', payload: { definition, input } as never })
        .then(sent),
    ),
  plan: (workflowRunId, options) => told(runs.planResume(workflowRunId, options)),
  resume: (plan) => told(runs.resumeWorkflow(plan).then(sent)),
  answer: (log, questionId, answer) =>
    told(runs.send({ log, verb: 'answer', payload: { questionId, answer } }).then(sent)),
  async stored(workflowRunId) {
    await runs.whenIdle()
    return JSON.stringify(await readStored(SCOPE, workflowRunId))
  },
}

await runs.boot(store)
document.title = 'ready'

// Runs the workflow in the real orchestrator over texts in memory, and answers its questions from a script.
import type { ContentReader, Json, RawEvent } from 'run-ledger'
import { createOrchestrator, systemClock } from 'run-ledger/orchestrator'
import type { AgentContext, AgentTask } from 'run-ledger/orchestrator'
import type { CorpusDocument } from '../../../app/research/documents.ts'
import type { Plan, Research, Review } from '../../../app/research/findings.ts'
import { documentResearch } from '../../../app/research/definition.ts'
import { researchAgents } from '../../../app/research/agents.ts'

export type Text = Pick<CorpusDocument, 'name'> & { text: string }

export interface AskedQuestion {
  prompt: string
  options: readonly { value: string; label: string; description: string | null }[]
}

export interface FinishedResearch {
  status: string
  /** Why it failed; null when it did not. */
  reason: string | null
  report: string
  artifacts: readonly string[]
  asked: readonly AskedQuestion[]
  /** Tool calls as they ended, over all runs. */
  tools: readonly { name: string; status: string; failure: string | null }[]
  toolsStarted: number
  summaries: readonly string[]
  plan: Plan | null
  research: readonly Research[]
  review: Review | null
  /** All that the orchestrator said. */
  events: readonly RawEvent[]
  /** Tools that really ran, counted where they run. */
  callsMade: number
  /** What they returned, in the order they ended. */
  returned: readonly unknown[]
}

/** The value to answer with; the last option (both, or an empty report) when there is no script. */
export type Answers = (question: AskedQuestion) => string

export const lastOption: Answers = ({ options }) => options.at(-1)?.value ?? ''
export const firstOption: Answers = ({ options }) => options[0]?.value ?? ''

export interface Asking {
  question: string
  documents: readonly Text[]
  answers?: Answers
  /** Positions of documents whose text is gone. */
  gone?: readonly number[]
  /** What the person adds for the researchers. */
  followUps?: readonly string[]
}

export async function research(asking: Asking): Promise<FinishedResearch> {
  const { question, documents, answers = lastOption, gone = [], followUps = [] } = asking
  const stored = new Map(documents.map(({ text }, at) => [`doc:${at}`, text]))
  for (const at of gone) stored.delete(`doc:${at}`)
  const content: ContentReader = {
    get: async (ref) => stored.get(ref) ?? null,
  }
  const seen = createRecord()
  const outputs = new Map<string, Json[]>()
  const events: RawEvent[] = []
  const returned: unknown[] = []
  let callsMade = 0
  const agents = researchAgents.map((agent) => ({
    ...agent,
    async run(context: AgentContext, task: AgentTask) {
      const counting: AgentContext = {
        ...context,
        tool: (call) =>
          context.tool({
            ...call,
            run: async () => {
              callsMade += 1
              const result = await call.run()
              returned.push(result)
              return result
            },
          }),
      }
      const result = await agent.run(counting, { ...task, followUps })
      outputs.set(agent.id, [...(outputs.get(agent.id) ?? []), result.output])
      return result
    },
  }))

  let settle: () => void = () => {}
  const settled = new Promise<void>((resolve) => {
    settle = resolve
  })
  let commands = 0
  const orchestrator = createOrchestrator({
    epoch: 'test',
    agents,
    clock: systemClock,
    content,
    emit(emitted) {
      events.push(...emitted)
      for (const { log, type, payload } of emitted) {
        // Of our own orchestrator, whose events are tested elsewhere.
        const told = payload as Payload
        seen.take(type, told)
        if (type === 'question.asked') {
          commands += 1
          const run: `r:${string}` = `r:${log.slice(2)}`
          orchestrator.command({
            id: `c${commands}`,
            log: run,
            verb: 'answer',
            payload: { questionId: told.questionId ?? '', answer: answers(seen.lastQuestion()) },
            idempotencyKey: `k${commands}`,
            sender: 'page',
            attempt: 1,
            state: 'sending',
            createdAt: 0,
            expiresAt: 0,
            settledAt: null,
            detail: null,
          })
        }
        if (type === 'workflow.transitioned' && /completed|failed|cancelled/.test(told.to ?? '')) {
          seen.end(told)
          settle()
        }
      }
    },
  })
  const input: Json = {
    question,
    documents: documents.map(({ name, text }, at) => ({ name, ref: `doc:${at}`, chars: text.length })),
  }
  const started = orchestrator.start('w:research', { definition: documentResearch, input })
  if (started.kind === 'rejected') throw new Error(started.reason)
  await settled
  orchestrator.dispose()

  // Outputs of our own agents, as they returned them.
  return {
    ...seen.finished(),
    events,
    callsMade,
    returned,
    plan: (outputs.get('decompose')?.[0] ?? null) as Plan | null,
    research: (outputs.get('researcher') ?? []) as Research[],
    review: (outputs.get('cross_check')?.[0] ?? null) as Review | null,
  }
}

interface Payload {
  to?: string
  reason?: string
  error?: string
  summary?: string
  questionId?: string
  prompt?: string
  options?: AskedQuestion['options']
  name?: string
  status?: string
  failure?: string | null
  content?: { preview: string }
}

function createRecord() {
  const asked: AskedQuestion[] = []
  const artifacts: string[] = []
  const tools: { name: string; status: string; failure: string | null }[] = []
  const summaries: string[] = []
  let toolsStarted = 0
  let status = ''
  let reason: string | null = null

  return {
    take(type: string, { prompt, options, content, name, status, failure, summary }: Payload) {
      if (type === 'question.asked') asked.push({ prompt: prompt ?? '', options: options ?? [] })
      if (type === 'artifact.recorded') artifacts.push(content?.preview ?? '')
      if (type === 'tool.started') toolsStarted += 1
      if (type === 'tool.finished') {
        tools.push({ name: name ?? '', status: status ?? '', failure: failure ?? null })
      }
      if (type === 'run.transitioned' && summary !== undefined) summaries.push(summary)
    },
    lastQuestion: (): AskedQuestion => asked.at(-1) ?? { prompt: '', options: [] },
    end({ to, reason: why, error }: Payload) {
      status = to ?? ''
      reason = error ?? why ?? null
    },
    finished: () => ({
      status,
      reason,
      report: artifacts.at(-1) ?? '',
      artifacts,
      asked,
      tools,
      toolsStarted,
      summaries,
    }),
  }
}

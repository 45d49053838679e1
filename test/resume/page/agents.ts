/**
 * Owns the agents of the workflow under test. All they know comes from the host, which counts every call; given the
 * same answers they ask for the same things, as continuing demands.
 */
import type { Agent, AgentContext, AgentTask, UpstreamResult } from 'run-ledger/orchestrator'
import { ITEMS } from './definition.ts'

export interface Found {
  item: string
  finding: string
  /** The host gives each only once. */
  nonce: string
}

interface Told {
  nonce: string
  finding: string
}

/** Every life of the page has a worker of its own. */
const LIFE = crypto.randomUUID()

/** One call of the host. `write`: it would change something there. */
function call(
  context: AgentContext,
  step: string,
  item = '',
  effect: 'none' | 'write' = 'none',
): Promise<Told> {
  return context.tool<Told>({
    name: step,
    label: `${step} ${item}`.trim(),
    args: { item },
    effect,
    async run() {
      const query = new URLSearchParams({ life: LIFE, run: context.runId, step, item })
      const answer = await fetch(`/work?${query}`, { method: 'POST', signal: context.signal })
      if (!answer.ok) throw new Error(`The host failed: ${await answer.text()}.`)
      return (await answer.json()) as Told
    },
    show: ({ finding }) => finding,
  })
}

const outputs = (results: readonly UpstreamResult[] | undefined) =>
  (results ?? []).map(({ output }) => output)

const planner: Agent = {
  id: 'planner',
  name: 'Planner',
  description: '',
  async run(context) {
    await call(context, 'outline')
    return { output: { items: [...ITEMS] }, summary: `${ITEMS.length} trees.` }
  },
}

const researcher: Agent = {
  id: 'researcher',
  name: 'Researcher',
  description: '',
  async run(context, { item }) {
    const tree = String(item)
    context.iteration(2)
    const { finding } = await call(context, 'search', tree)
    context.iteration(2)
    const { nonce } = await call(context, 'nonce', tree)
    const output = { item: tree, finding, nonce }
    return { output, summary: finding }
  },
}

const checker: Agent = {
  id: 'checker',
  name: 'Checker',
  description: '',
  async run(context, { upstream }) {
    await call(context, 'verify')
    const checked = outputs(upstream['research']).length
    return { output: { checked }, summary: `${checked} checked.` }
  },
}

const arbiter: Agent = {
  id: 'arbiter',
  name: 'Arbiter',
  description: '',
  async run(context) {
    const { nonce } = await call(context, 'compare')
    const options = ['conifers', 'none'].map((value) => ({ value, label: value }))
    const verdict = await context.ask({ prompt: 'Which keep their leaves?', options })
    await call(context, 'settle')
    return { output: { verdict, nonce }, summary: String(verdict) }
  },
}

const reporter: Agent = {
  id: 'reporter',
  name: 'Reporter',
  description: '',
  async run(context, task) {
    await call(context, 'compose')
    const report = reportOf(task)
    await call(context, 'publish', '', 'write')
    const found = outputs(task.upstream['research']) as unknown as readonly Found[]
    return { output: { nonces: found.map(({ nonce }) => nonce) }, summary: 'Reported.', text: report }
  },
}

function reportOf({ upstream }: AgentTask): string {
  const found = outputs(upstream['research']) as unknown as readonly Found[]
  const [checker, arbiter] = outputs(upstream['check']) as unknown as [
    { checked: number },
    { verdict: string },
  ]
  return [
    ...found.map(({ item, finding }) => `${item}: ${finding}`),
    `checked: ${checker.checked}`,
    `verdict: ${arbiter.verdict}`,
  ].join('\n')
}

export const agents: readonly Agent[] = [planner, researcher, checker, arbiter, reporter]

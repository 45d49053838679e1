/** Owns a workflow of finders over a list, some of which fail, hang or ask, in a page that can be cut off. */
import type { Json } from '../../../src/core/entities.ts'
import type { WorkflowDefinition } from '../../../src/core/workflow/definition.ts'
import type { Agent } from '../../../src/orchestrator/agent.ts'
import { at } from '../../../src/state/table.ts'
import { openWorkshop, Outside, until } from './resuming.ts'
import type { Workshop } from './resuming.ts'

const FLOW: WorkflowDefinition = {
  id: 'find',
  name: 'Find',
  description: '',
  phases: [
    { name: 'plan', description: '', agentIds: ['planner'], dependsOn: [] },
    { name: 'find', description: '', agentIds: ['finder'], dependsOn: ['plan'], forEach: 'plan' },
    { name: 'report', description: '', agentIds: ['writer'], dependsOn: ['find'] },
  ],
  concurrency: 10,
  maxChildren: 20,
}

export class Finders extends Outside {
  readonly items: readonly string[]
  readonly failing = new Set<Json>()
  /** Items whose finders have found, and then never come back from a call that changes nothing. */
  readonly lingering = new Set<Json>()

  constructor(items: readonly string[]) {
    super()
    this.items = items
  }

  made(item: string): number {
    return this.calls.filter(({ name }) => name === item).length
  }

  override agents(): readonly Agent[] {
    const agent = (id: string, run: Agent['run']): Agent => ({ id, name: id, description: '', run })
    return [
      agent('planner', async () => ({ output: { items: [...this.items] }, summary: 'Planned.' })),
      agent('finder', async (context, { item }) => {
        const name = String(item)
        const number = await context.tool<number>({
          name: 'find',
          label: 'find',
          args: item,
          effect: this.effect,
          run: () => {
            const number = this.calls.push({ runId: context.runId, name })
            if (this.failing.has(item)) throw new Error('no luck')
            return this.stuck.has(item) ? new Promise<number>(() => {}) : number
          },
          show: String,
        })
        if (this.lingering.has(item)) {
          const run = (): Promise<never> => new Promise(() => {})
          await context.tool({ name: 'think', label: 'think', args: null, effect: 'none', run, show: String })
        }
        const answer = this.asking.has(item) ? await context.ask({ prompt: 'Which?', options: [] }) : null
        return { output: { item, number, answer }, summary: 'Found.' }
      }),
      agent('writer', async (_context, { upstream }) => {
        const given = (upstream['find'] ?? []).map(({ output }) => output)
        return { output: given, summary: 'Written.' }
      }),
    ]
  }
}

export async function begin(outside: Finders): Promise<{ page: Workshop; id: string }> {
  const page = await openWorkshop(outside)
  const { workflowRunId: id } = await page.ledger.start({ definition: FLOW as unknown as Json, input: null })
  // The page hears of a call later than it is made.
  await until(() => outside.calls.length >= outside.items.length && isHeard(page, id))
  return { page, id }
}

const isHeard = (page: Workshop, id: string): boolean =>
  at(page.state().runs.records, `w:${id}`) !== undefined

export const status = (page: Workshop, id: string, number: number): string =>
  page.run(`${id}.find.${number}`).run.status
export const isDone = (page: Workshop, id: string, number: number): boolean =>
  status(page, id, number) === 'completed'

/** Cut off once these are finished. */
export async function cutOff(outside: Finders, finished: readonly number[]): Promise<string> {
  const { page, id } = await begin(outside)
  await until(() => finished.every((number) => isDone(page, id, number)))
  await page.crash()
  return id
}

export async function resume(page: Workshop, id: string): Promise<void> {
  await page.ledger.resumeWorkflow(await page.ledger.planResume(id))
}

export const completes = (page: Workshop, id: string): Promise<void> =>
  until(() => page.workflow(id).workflow.status === 'completed')

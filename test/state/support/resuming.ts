/**
 * A page with a real orchestrator at the other end of a real channel, over fake-indexeddb, that can be cut off in the
 * middle of its work and opened again. What agents do outside is counted here, where no page can forget it.
 */
import { MessageChannel } from 'node:worker_threads'
import { vi } from 'vitest'
import type { RunLedgerOptions } from '../../../src/index.ts'
import type { Json, RunRecord, WorkflowRecord } from '../../../src/core/entities.ts'
import { runLog, workflowLog } from '../../../src/core/ids.ts'
import type { Source } from '../../../src/core/ports.ts'
import type { Agent, AgentContext } from '../../../src/orchestrator/agent.ts'
import type { MessagePortLike } from '../../../src/orchestrator/protocol.ts'
import { orchestratorSource } from '../../../src/orchestrator/source.ts'
import { serveOrchestrator } from '../../../src/orchestrator/worker.ts'
import { randomIds, systemClock } from '../../../src/platform/browser.ts'
import { createLockRegistry, memoryLocks } from '../../../src/platform/memoryLocks.ts'
import type { ScriptedSource } from '../../../src/testing/scriptedSource.ts'
import { newScope, openPage } from './page.ts'
import type { Page } from './page.ts'

/** Longer than a preview, so that results lie in blobs of their own. */
const LONG = 'x'.repeat(2_500)

export const DEFINITION = {
  id: 'survey',
  name: 'Survey',
  description: '',
  phases: [
    { name: 'plan', description: '', agentIds: ['planner'], dependsOn: [] },
    { name: 'work', description: '', agentIds: ['worker'], dependsOn: ['plan'], forEach: 'plan' },
    { name: 'report', description: '', agentIds: ['writer'], dependsOn: ['work'] },
  ],
  concurrency: 4,
  maxChildren: 20,
}

/** What lies outside all pages. */
export class Outside {
  readonly scope = newScope()
  readonly registry = createLockRegistry()
  readonly calls: { runId: string; name: string }[] = []
  /** Items whose workers never come back from their call. */
  readonly stuck = new Set<Json>()
  /** Items whose workers ask first. */
  readonly asking = new Set<Json>()
  /** Items whose workers fail after their call. */
  readonly doomed = new Set<Json>()
  /** Agents that are there no more. */
  readonly retired = new Set<string>()
  effect: 'none' | 'write' = 'none'

  callsOf(runId: string): number {
    return this.calls.filter((call) => call.runId === runId).length
  }

  private async call(context: AgentContext, name: string, args: Json): Promise<number> {
    return context.tool({
      name,
      label: name,
      args,
      effect: this.effect,
      run: () => {
        const nonce = this.calls.push({ runId: context.runId, name })
        return this.stuck.has(args) ? new Promise<number>(() => {}) : nonce
      },
      show: String,
    })
  }

  agents(): readonly Agent[] {
    const agent = (id: string, run: Agent['run']): Agent => ({
      id,
      name: `The ${id}`,
      description: '',
      takesFollowUps: id === 'worker',
      run,
    })
    const all = [
      agent('planner', async (context) => {
        await this.call(context, 'outline', null)
        return { output: { items: ['a', 'b', 'c'] }, summary: 'Planned.' }
      }),
      agent('worker', async (context, { item, followUps }) => {
        await this.call(context, 'look', item)
        if (this.doomed.has(item)) throw new Error(`Nothing is known of ${String(item)}.`)
        const answer = this.asking.has(item)
          ? await context.ask({ prompt: `What of ${String(item)}?`, options: [] })
          : null
        const words = followUps.length > 0 ? { followUps } : {}
        return { output: { item, answer, long: LONG, ...words }, summary: `Worked on ${String(item)}.` }
      }),
      agent('writer', async (_context, { input, upstream }) => {
        const given = (upstream['work'] ?? []).map(({ output }) => output)
        return { output: { input, given }, summary: 'Written.' }
      }),
    ]
    return all.filter(({ id }) => !this.retired.has(id))
  }
}

export interface Workshop extends Page {
  local: Source
  workflow(id: string): WorkflowRecord
  run(id: string): RunRecord
  start(input?: Json): Promise<string>
  /** Page and orchestrator end in the middle of whatever they do. */
  crash(): Promise<void>
}

export async function openWorkshop(
  outside: Outside,
  options: Pick<RunLedgerOptions, 'capture'> = {},
): Promise<Workshop> {
  const { port1, port2 } = new MessageChannel()
  const locks = memoryLocks(outside.registry)
  const workerLocks = memoryLocks(outside.registry)
  const served = serveOrchestrator({
    agents: outside.agents(),
    scope: port2 as unknown as MessagePortLike,
    clock: systemClock,
    locks: workerLocks,
    ids: randomIds,
  })
  const local = orchestratorSource(port1 as unknown as MessagePortLike, { locks })
  const page = openPage(outside.scope, { ...options, locks, source: local as unknown as ScriptedSource })
  await page.boot()
  await vi.waitFor(() => {
    if (page.state().ledger.sources['local']?.state !== 'connected') throw new Error('not connected yet')
  })
  const record = (log: 'r' | 'w', id: string) => {
    const found = page
      .state()
      .runs.records.map((bucket) => bucket[log === 'r' ? runLog(id) : workflowLog(id)])
    return found.find((each) => each !== undefined)
  }
  return {
    ...page,
    local,
    workflow(id) {
      const found = record('w', id)
      if (found?.entity !== 'workflow') throw new Error(`no workflow run ${id}`)
      return found
    },
    run(id) {
      const found = record('r', id)
      if (found?.entity !== 'run') throw new Error(`no run ${id}`)
      return found
    },
    start: async (input = { question: 'Why?' }) => {
      const { workflowRunId } = await page.ledger.start({ definition: DEFINITION, input })
      return workflowRunId
    },
    async crash() {
      await page.ledger.whenIdle()
      served.dispose()
      locks.die()
      workerLocks.die()
      await page.ledger.dispose()
    },
  }
}

/** Waits until it holds. */
export const until = (holds: () => boolean): Promise<void> =>
  vi.waitFor(
    () => {
      if (!holds()) throw new Error('not yet')
    },
    { timeout: 5_000 },
  )

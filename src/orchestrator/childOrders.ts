/**
 * Owns taking on a single run that nobody drives: everything it needs is read before anything is told. SPEC R1.
 */
import { toPlainJson } from '../core/bounds.ts'
import type { CheckpointState } from '../core/checkpoint.ts'
import type { Json } from '../core/entities.ts'
import type { ContentReader, Delivery } from '../core/ports.ts'
import type { ChildOrder } from '../core/resume/order.ts'
import type { UpstreamResult } from '../core/workflow/tasks.ts'
import type { Agent, AgentTask } from './agent.ts'
import type { AgentRunSetup, LocalAgentRun } from './childRun.ts'
import type { LocalCommand } from './commands.ts'
import { openingWords } from './opening.ts'
import type { Opening } from './opening.ts'
import { readCheckpoint, readResult, unusable } from './readResult.ts'
import { freeze } from './text.ts'

/** A command on a single run. */
export type ChildCommand = Extract<LocalCommand, { order: ChildOrder | null; verb: string }> & {
  order: ChildOrder
}

export type ReadOrder = { ok: true; setup: AgentRunSetup } | { ok: false; reason: string }

const bad = (reason: string): { ok: false; reason: string } => ({ ok: false, reason })

export async function readChildOrder(
  content: ContentReader,
  agents: ReadonlyMap<string, Agent>,
  runId: string,
  command: ChildCommand,
): Promise<ReadOrder> {
  const { order } = command
  const agent = agents.get(order.agentId)
  if (agent === undefined) return bad(`The agent “${order.agentId}” does not exist.`)
  const words = wordsOf(command)
  if (words.length > 0 && agent.takesFollowUps !== true) return bad(`${agent.name} takes no follow-ups.`)
  const given = toPlainJson([order.input, order.item])
  if (!given.ok) return bad(`What it was given holds ${given.reason}.`)
  const [input = null, item = null] = freeze(given.value) as readonly Json[]
  const upstream = await readUpstream(content, order)
  if (!upstream.ok) return upstream
  const opening = await readOpening(content, runId, command, words)
  if (!opening.ok) return opening
  const { kept } = opening
  const followUps = kept === null ? words : openingWords(kept)
  const task: AgentTask = { input, item, index: order.index, upstream: upstream.results, followUps }
  const { workflowRunId, phase, contentKey, parentThreadId } = order
  const waiting = (): void => {}
  const setup = { runId, agent, task, workflowRunId, phase, contentKey, parentThreadId, waiting }
  return { ok: true, setup: { ...setup, opening: opening.opening } }
}

/** What the person said, once its run is taken on. */
export function obeyTakenOn(child: LocalAgentRun, command: ChildCommand): Delivery {
  const { order } = command
  if (order.mode === 'attempt') return { kind: 'delivered' }
  if (command.verb === 'follow_up') return child.followUp(command.message)
  if (command.verb !== 'answer') return child.resume()
  const answered = child.answer(command.questionId, command.answer)
  return answered.kind === 'delivered' ? child.resume('answered') : answered
}

/** Words that open the attempt; in one that goes on, they wait until they are asked for. */
function wordsOf(command: ChildCommand): readonly string[] {
  const { followUps, mode } = command.order
  if (command.verb !== 'follow_up' || followUps.length > 0) return followUps
  return mode === 'attempt' ? [command.message] : []
}

async function readUpstream(
  content: ContentReader,
  { upstream }: ChildOrder,
): Promise<{ ok: true; results: AgentTask['upstream'] } | { ok: false; reason: string }> {
  const byPhase = Object.create(null) as Record<string, readonly UpstreamResult[]>
  for (const { phase, results } of upstream) {
    const read = await Promise.all(results.map(({ result }) => readResult(content, result)))
    const found = results.flatMap(({ runId, agentId }, index): readonly UpstreamResult[] => {
      const result = read[index]
      return result ? [{ runId, agentId, output: result.value }] : []
    })
    const lost = results.find((_, index) => !read[index])
    if (lost !== undefined) return bad(`The result of ${lost.runId} is missing.`)
    byPhase[phase] = Object.freeze(found)
  }
  return { ok: true, results: Object.freeze(byPhase) }
}

type ReadOpening =
  | { ok: true; opening: Opening; kept: CheckpointState | null }
  | { ok: false; reason: string }

async function readOpening(
  content: ContentReader,
  runId: string,
  command: ChildCommand,
  words: readonly string[],
): Promise<ReadOpening> {
  const { mode, checkpoint, attempt, agentId, contentKey } = command.order
  const expected = { runId, agentId, contentKey }
  if (mode === 'attempt') {
    if (command.verb === 'answer') return bad('An answer is for the attempt that asked.')
    // New words from the start are other work than what is kept.
    const read =
      checkpoint === null || words.length > 0 ? null : await readCheckpoint(content, checkpoint, expected)
    if (read !== null && !read.ok) return bad(unusable(read.reason))
    const kept = read?.state ?? null
    return { ok: true, opening: { kind: 'attempt', attempt: attempt + 1, kept }, kept }
  }
  if (checkpoint === null) return bad(unusable('Nothing is kept that it could go on from.'))
  const read = await readCheckpoint(content, checkpoint, { ...expected, attempt })
  if (!read.ok) return bad(unusable(read.reason))
  const kept = read.state
  if (command.verb === 'answer' && command.questionId !== kept.questionId) {
    return bad(`Its checkpoint does not wait for ${command.questionId}.`)
  }
  return { ok: true, opening: { kind: 'continue', attempt, kept }, kept }
}

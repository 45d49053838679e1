/**
 * Owns a run's tool calls: started, timed, finished or failed, each as an event; and their end when the run
 * ends before them. A call that a continued run made before is answered from its history and tells nothing.
 */
import { toPlainJson } from '../core/bounds.ts'
import { hashOf } from '../core/contentKey.ts'
import { withDeadline } from '../core/deadline.ts'
import type { ToolRequest } from './agent.ts'
import { orAborted } from './abort.ts'
import { toldAgain } from './runScope.ts'
import type { RunScope } from './runScope.ts'
import { jsonText, line, longText, messageOf } from './text.ts'

export interface ToolRunner {
  call<Result>(request: ToolRequest<Result>): Promise<Result>
  /** The run ends: calls under way will not be heard of again. */
  abandon(): void
}

interface RunningCall {
  name: string
  iteration: number
  since: number
}

type Ending =
  | { status: 'completed'; output: string }
  | { status: 'failed'; failure: string }
  | { status: 'cancelled'; failure: string }

export function createToolRunner(scope: RunScope): ToolRunner {
  const { emitter, log, clock, signal, history, gate } = scope
  const running = new Map<string, RunningCall>()
  let calls = 0

  function finish(callId: string, ending: Ending): void {
    const call = running.get(callId)
    if (call === undefined) return
    running.delete(callId)
    const { name, iteration, since } = call
    emitter.emit(log, 'tool.finished', {
      callId,
      name,
      iteration,
      status: ending.status,
      output: ending.status === 'completed' ? longText(ending.output) : null,
      outputChars: ending.status === 'completed' ? ending.output.length : null,
      failure: ending.status === 'completed' ? null : ending.failure,
      elapsedMs: Math.max(0, Math.round(clock.monotonic() - since)),
    })
  }

  return {
    async call<Result>(request: ToolRequest<Result>): Promise<Result> {
      // Named before any wait, so that pace cannot change which call is which.
      calls += 1
      const callId = `c${calls}`
      const iteration = scope.iteration()
      const { name, label } = request
      const args = toPlainJson(request.args ?? null)
      if (!args.ok) throw new TypeError(`The arguments of ${name} hold ${args.reason}.`)
      const argsHash = hashOf(args.value)
      if (history.isReplaying()) {
        const told = await toldAgain(scope, () => history.tool(callId, name, argsHash))
        // It is what the same call of the same agent returned.
        if (told.kind === 'result') return told.value as Result
        if (told.kind === 'failure') throw new Error(told.failure)
      }
      await scope.ready()
      signal.throwIfAborted()
      emitter.emit(log, 'tool.started', {
        callId,
        name,
        label: line(label),
        effect: request.effect ?? null,
        iteration,
        args: longText(jsonText(args.value)),
      })
      running.set(callId, { name, iteration, since: clock.monotonic() })
      const told = (entry: Parameters<typeof history.told>[0], isKept: boolean): void => {
        history.told(entry)
        scope.learned(isKept)
      }
      try {
        if (request.effect !== 'none') await recorded(scope)
        const result = await orAborted(signal, () => request.run())
        const output = shown(request.show(result), name)
        const plain = toPlainJson(result)
        const entry = plain.ok
          ? { kind: 'tool' as const, callId, name, argsHash, result: plain.value }
          : undefined
        // Before its end is told: whatever is cut off after this, the call is not made again.
        told(entry, request.effect !== 'none')
        finish(callId, { status: 'completed', output })
        return result
      } catch (error) {
        const failure = messageOf(error)
        // Not kept for its own sake: an attempt that fails of it is to try it again.
        if (running.has(callId)) told({ kind: 'toolFailed', callId, name, argsHash, failure }, false)
        finish(callId, { status: 'failed', failure })
        throw error
      } finally {
        // Its end is a fact, paused or not; the agent hears of it when it may go on.
        if (gate.isShut()) await gate.passed(signal)
      }
    },

    abandon() {
      for (const callId of running.keys()) {
        finish(callId, { status: 'cancelled', failure: 'The run ended before the call did.' })
      }
    },
  }
}

/** A disk that does not answer for so long does not get to know of the call, so the call is not made. */
const RECORDED_WITHIN_MS = 10_000

/**
 * A call that may change something outside is on the disk before it is made: cut off in the middle, it is known to have
 * begun, and is not made again without a person's word. SPEC R3.
 */
async function recorded({ durable, clock, signal }: RunScope): Promise<void> {
  const unknown = (): Error => new Error('It could not be recorded that the call begins, so it was not made.')
  await orAborted(signal, () => withDeadline(clock, durable(), RECORDED_WITHIN_MS, unknown))
}

function shown(text: unknown, name: string): string {
  if (typeof text !== 'string') throw new TypeError(`The result of ${name} was not shown as text.`)
  return text
}

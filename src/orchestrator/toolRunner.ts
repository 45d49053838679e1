/**
 * Owns a run's tool calls: started, timed, finished or failed, each as an event; and their end when the run
 * ends before them.
 */
import { toPlainJson } from '../core/bounds.ts'
import type { ToolRequest } from './agent.ts'
import { orAborted } from './runScope.ts'
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
  const { emitter, log, clock, signal } = scope
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
    async call(request) {
      // Named before any wait, so that pace cannot change which call is which.
      calls += 1
      const callId = `c${calls}`
      const iteration = scope.iteration()
      const { name, label } = request
      const args = toPlainJson(request.args ?? null)
      if (!args.ok) throw new TypeError(`The arguments of ${name} hold ${args.reason}.`)
      await scope.ready()
      signal.throwIfAborted()
      emitter.emit(log, 'tool.started', {
        callId,
        name,
        label: line(label),
        iteration,
        args: longText(jsonText(args.value)),
      })
      running.set(callId, { name, iteration, since: clock.monotonic() })
      try {
        const result = await orAborted(signal, () => request.run())
        finish(callId, { status: 'completed', output: shown(request.show(result), name) })
        return result
      } catch (error) {
        finish(callId, { status: 'failed', failure: messageOf(error) })
        throw error
      }
    },

    abandon() {
      for (const callId of running.keys()) {
        finish(callId, { status: 'cancelled', failure: 'The run ended before the call did.' })
      }
    },
  }
}

function shown(text: unknown, name: string): string {
  if (typeof text !== 'string') throw new TypeError(`The result of ${name} was not shown as text.`)
  return text
}
